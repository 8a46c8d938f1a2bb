import { createLimitKeyring, createNonce, readName, type StoreKey } from '../key.ts'
import { createBreaker } from '../resilience/breaker.ts'
import { chain } from '../resilience/call.ts'
import { createDeadline } from '../resilience/deadline.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import { createCounts } from './counts.ts'
import { type Decision, type LimitState, toDecision } from './decision.ts'
import { createDenialMemo } from './denial-memo.ts'
import { createLimitTally, type LimitCounters, type LimitReporter } from './limit-event.ts'
import type { LimitStore } from './limit-store.ts'
import { type LimiterParts, limiterParts, refundMarks } from './limiter-parts.ts'
import { decideWithoutStore } from './outage.ts'
import type { Policy } from './policy.ts'
import {
  createTakeReader,
  type PlainName,
  type Policies,
  type PolicyCheck,
  type Take,
  type Takes,
} from './read-takes.ts'
import { claimTaken, markTaken } from './taken.ts'
import { readVerdict, type Verdict } from './verdict.ts'

export interface LimiterOptions<P extends Policies> {
  readonly store: LimitStore
  /** Separates this limiter from others in one database: 1 to 64 letters, digits, `.`, `_`, `-`, the first a letter or a digit. Default `'limits'`. */
  readonly namespace?: string | undefined
  readonly policies: P
  /** With a secret of at least 16 characters, identities stand in keys only as an HMAC-SHA-256. */
  readonly keySecret?: string | undefined
  /** How long a decision may wait for the store before the policies' `onUnavailable` decides, from 1 ms to 60 s; default 100 ms. */
  readonly deadline?: Duration | undefined
  /**
   * For how long a refusal may be repeated without asking the store, within the wait it named, from 1 ms to 1 h; default 1 s. That is also how long a refund or reset by another process may go
   * unnoticed. `false` asks every time.
   */
  readonly denialMemo?: Duration | false | undefined
  readonly clock?: Clock | undefined
  /** Hears what each take came to under each policy, for metrics; `counters` has the totals. */
  readonly reporter?: LimitReporter<keyof P & string> | undefined
}

export interface Limiter<P extends Policies> {
  readonly policies: P
  /**
   * Takes from one policy or several: all or nothing, one round trip, none where the refusal is remembered. Never rejects for the store's sake: then the decision is `degraded`.
   *
   * @throws {RangeError | TypeError} for an unknown policy, an empty key, a cost that is not a whole number from 1, the same policy and key twice
   */
  take(takes: Take<P> | readonly Take<P>[]): Promise<Decision<keyof P & string>>
  /** The short form of `take` for a policy whose limit needs no context. */
  limit(policy: PlainName<P>, key: string): Promise<Decision<keyof P & string>>
  /** What `take` would decide, taking nothing. One round trip. */
  peek(takes: Take<P> | readonly Take<P>[]): Promise<Decision<keyof P & string>>
  /**
   * Gives back all that an allowed take took, as far as it still counts: never more, so no window admits more than its limit of what was not refunded. Once for each decision, and only in
   * the process that took. Permits are given back the same way. One round trip.
   */
  refund(decision: Decision): Promise<{ readonly delivered: boolean }>
  /** Forgets what one policy has counted for one key. One command. Units that processes hold in a lease are spent all the same, for up to a second. */
  reset(policy: keyof P & string, key: string): Promise<{ readonly delivered: boolean }>
  /** Proves on the real store that a limit refuses, and warns of what may cost it counts, such as a database that evicts keys. 3 round trips. */
  selfTest(): Promise<{
    readonly ok: boolean
    readonly checks: readonly { name: string; ok: boolean; detail: string }[]
    readonly warnings: readonly string[]
  }>
  /** What the takes came to so far, by policy. */
  counters(): Readonly<Record<keyof P & string, Readonly<LimitCounters>>>
  /** Stops background work: held permits are no longer renewed, unspent leases go back. Resolves when they have, or their deadlines have passed: close the client after that. The store stays open. Never rejects. */
  close(): Promise<void>
  readonly [limiterParts]: LimiterParts
}

/**
 * Creates a limiter on a store.
 *
 * ```ts
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const join = slidingWindow({ limit: 1, window: '60s', onUnavailable: 'local' })
 * const limiter = createLimiter({ store: memory(), policies: { join } })
 *
 * console.log((await limiter.limit('join', '203.0.113.7')).status) // allowed
 * console.log((await limiter.limit('join', '203.0.113.7')).status) // refused
 * ```
 *
 * @throws {RangeError | TypeError} for an option that breaks its rule
 */
export function createLimiter<const P extends Policies>(options: LimiterOptions<P>): Limiter<P> {
  type Name = keyof P & string
  const action = 'Cannot create limiter'
  // Plain JavaScript may leave them out: the store that is missing is what it is told of.
  const { store, clock = systemClock, denialMemo = '1s' }: LimiterOptions<P> = Object(options)
  // Each take would fail, and under an open policy pass as in an outage.
  if (!store?.take) throw new TypeError(`${action}: "store" must be a store, received ${typeof store}`)
  const policies: P & Readonly<Record<Name, Policy<never>>> = options.policies
  const keyring = createLimitKeyring({ namespace: options.namespace ?? 'limits', secret: options.keySecret, action })
  const deadlineMs = toMilliseconds(options.deadline ?? 100, { action, name: 'deadline', maxMs: 60_000 })
  for (const [name, policy] of Object.entries<Policy<never>>(policies ?? { policies })) {
    readName(action, 'policy name', name)
    if (!policy?.steps)
      throw new TypeError(`${action}: "${name}" must be a policy such as slidingWindow(), received ${typeof policy}`)
  }
  const guard = chain(createBreaker({ failures: 5, cooldownMs: 1_000, clock }), createDeadline({ deadlineMs, clock }))
  const local = createCounts<PolicyCheck<Name>>({ clock, stepsOf: ({ policy }) => policies[policy].steps })
  const read = createTakeReader<Name>({ policies, keyring, clock })
  const memo = createDenialMemo<Name>({
    clock,
    maxAgeMs: denialMemo === false ? 0 : toMilliseconds(denialMemo, { action, name: 'denialMemo', maxMs: 3_600_000 }),
  })
  const tally = createLimitTally<Name>(Object.keys(policies), options.reporter)

  async function take(takes: Takes<Name>): Promise<Decision<Name>> {
    const reading = read.checks(takes)
    const checks = reading instanceof Promise ? await reading : reading
    const remembered = memo.recall(checks)
    if (remembered) return tally.decision(checks, toDecision(remembered), true)
    const asked = memo.begin()
    let decision: Decision<Name>
    try {
      const verdicts = (checks[0]?.lease && (await spend?.(checks))) || (await guard('take', () => store.take(checks)))
      decision = toDecision(toStates(checks, verdicts))
      if (decision.allowed) markTaken(decision, { checks, verdicts })
      memo.note(asked, checks, decision)
    } catch (cause) {
      decision = await decideAlone('take', checks, cause)
    }
    return tally.decision(checks, decision)
  }

  function decideAlone(operation: 'take' | 'peek', checks: readonly PolicyCheck<Name>[], cause: unknown) {
    tally.storeError(operation, cause)
    return decideWithoutStore(checks, local, { cause, operation })
  }

  async function peek(takes: Takes<Name>): Promise<Decision<Name>> {
    const checks = await read.checks(takes)
    try {
      return toDecision(toStates(checks, await guard('peek', () => store.peek(checks))))
    } catch (cause) {
      return decideAlone('peek', checks, cause)
    }
  }

  async function change(operation: string, keyed: readonly { key: StoreKey }[], call: () => Promise<unknown>) {
    try {
      await guard(operation, call)
      return { delivered: true }
    } catch (error) {
      tally.storeError(operation, error)
      return { delivered: false }
    } finally {
      memo.forget(keyed)
    }
  }

  const parts: LimiterParts = { guard, store, clock, closed: false, change }
  const spend = Object.values<Policy<never>>(policies)
    .find(({ lease }) => lease)
    ?.lease?.create(parts)

  return {
    policies,
    take,
    limit: (policy, key) => take({ policy, key }),
    peek,
    // Plain JavaScript may have forgotten to await what it took.
    refund: async (decision) => refundMarks(parts, claimTaken(await decision)),
    async reset(policy, id) {
      const key = await read.keyToReset(policy, id)
      await local.reset([key])
      return change('reset', [{ key }], () => store.reset([key]))
    },
    counters: () => structuredClone(tally.counters),
    selfTest: async () => testStore(keyring.limit('self-test', await keyring.id(createNonce())), parts),
    async close() {
      parts.closed = true
      await parts.onClose?.()
    },
    [limiterParts]: parts,
  }
}

/** Takes twice from a limit of one that nobody else counts. */
async function testStore(key: StoreKey, { guard, store }: LimiterParts) {
  const check = { key, algorithm: 'sliding-window', limit: 1, windowMs: 1_000, cost: 1 } as const
  const probe = () =>
    guard('take', () => store.take([check])).then(([verdict]) => (verdict?.allowed ? 'allowed' : 'refused'), String)
  const detail = `${await probe()}, then ${await probe()}`
  const ok = detail === 'allowed, then refused'
  const warnings = await guard('info', async () => store.warnings?.() ?? []).catch(() => [])
  return { ok, checks: [{ name: 'a limit refuses', ok, detail }], warnings }
}

function toStates<Name extends string>(
  checks: readonly PolicyCheck<Name>[],
  verdicts: readonly Verdict[],
): LimitState<Name>[] {
  return checks.map((check, index) => {
    const { policy, limit, windowMs, refill, shadow } = check
    const { allowed, remaining, resetMs, retryAfterMs } = readVerdict(policy, verdicts[index])
    const fullMs = refill === undefined ? windowMs : Math.ceil((limit * windowMs) / refill)
    const state = { policy, limit, windowMs: fullMs, allowed, remaining, resetMs, retryAfterMs }
    return shadow ? { ...state, shadow: true } : state
  })
}

export type { Policies, Take } from './read-takes.ts'
