import { StoreReplyError } from '../errors.ts'
import { createKeyring, createNonce, readName } from '../key.ts'
import { createBreaker } from '../resilience/breaker.ts'
import { chain } from '../resilience/call.ts'
import { createDeadline } from '../resilience/deadline.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import { type Decision, type LimitState, toDecision } from './decision.ts'
import type { LimitStore } from './limit-store.ts'
import { createMemoryLimits } from './memory-limits.ts'
import { decideWithoutStore, type PolicyCheck } from './outage.ts'
import { type Policy, readLimit, slidingWindow } from './policy.ts'
import type { Verdict } from './verdict.ts'

/** The declared policies by name. */
export type Policies = Readonly<Record<string, Policy<never>>>

type ContextOf<P> = P extends Policy<infer Context> ? Context : never

interface TakeOf<Name, Context> {
  readonly policy: Name
  /** Who or what is limited: an address, a user id. Stands in keys as it is, or as an HMAC when the limiter has a `keySecret`. */
  readonly key: string
  /** Units to take, a whole number from 1; default 1. */
  readonly cost?: number
  /** What the policy's limit is computed from, where it is a function. */
  readonly context?: Context
}

/** One policy to take from. Where the policy's limit is a function, `context` is required. */
export type Take<P extends Policies> = {
  [Name in keyof P & string]: [ContextOf<P[Name]>] extends [undefined]
    ? TakeOf<Name, undefined>
    : TakeOf<Name, ContextOf<P[Name]>> & { readonly context: ContextOf<P[Name]> }
}[keyof P & string]

export interface LimiterOptions<P extends Policies> {
  readonly store: LimitStore
  /** Separates this limiter from others in one database: 1 to 64 letters, digits, `.`, `_`, `-`. Default `'limits'`. */
  readonly namespace?: string | undefined
  readonly policies: P
  /** With a secret of at least 16 characters, identities stand in keys only as an HMAC-SHA-256. */
  readonly keySecret?: string | undefined
  /** How long a decision may wait for the store before the policies' `onUnavailable` decides; default 100 ms. */
  readonly deadline?: Duration | undefined
  readonly clock?: Clock | undefined
}

export interface Limiter<P extends Policies> {
  readonly policies: P
  /**
   * Takes from one policy or several: all or nothing, one round trip. Never rejects for the store's sake: then the decision is `degraded`.
   *
   * @throws {RangeError | TypeError} for an unknown policy, an empty key, a cost that is not a whole number from 1, the same policy and key twice
   */
  take(takes: Take<P> | readonly Take<P>[]): Promise<Decision<keyof P & string>>
  /** The short form of `take` for a policy with a fixed limit. */
  limit(policy: keyof P & string, key: string): Promise<Decision<keyof P & string>>
  /** Proves on the real store that a limit refuses. 2 round trips. */
  selfTest(): Promise<{
    readonly ok: boolean
    readonly checks: readonly { name: string; ok: boolean; detail: string }[]
  }>
  /** Stops background work. The store stays open. */
  close(): void
}

const BREAKER = { failures: 5, cooldownMs: 1_000 } as const

/**
 * Creates a limiter on a store.
 *
 * @throws {RangeError} for an option that breaks its rule
 */
export function createLimiter<const P extends Policies>(options: LimiterOptions<P>): Limiter<P> {
  type Name = keyof P & string
  const action = 'Cannot create limiter'
  const clock = options.clock ?? systemClock
  const keyring = createKeyring({ namespace: options.namespace ?? 'limits', secret: options.keySecret, action })
  const deadlineMs = toMilliseconds(options.deadline ?? 100, { action, name: 'deadline', maxMs: 60_000 })
  const { policies } = options
  for (const name of Object.keys(policies)) readName(action, 'policy name', name)
  const guard = chain(createBreaker({ ...BREAKER, clock }), createDeadline({ deadlineMs, clock }))
  const local = createMemoryLimits({ clock })

  async function toCheck(take: TakeOf<Name, unknown>): Promise<PolicyCheck<Name>> {
    const { policy: name, key, cost = 1 } = take
    const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
    if (!policy) {
      throw new RangeError(
        `Cannot take: "policy" must be one of ${Object.keys(policies).join(', ')}, received ${JSON.stringify(name)}`,
      )
    }
    if (typeof key !== 'string' || key === '') {
      throw new TypeError(
        `Cannot take from "${name}": "key" must be a non-empty string, received ${key === '' ? '""' : typeof key}`,
      )
    }
    if (!Number.isSafeInteger(cost) || cost < 1) {
      throw new RangeError(`Cannot take from "${name}": "cost" must be an integer >= 1, received ${String(cost)}`)
    }
    const limitOf = policy.limit as number | ((context: unknown) => number)
    const limit = typeof limitOf === 'number' ? limitOf : readLimit(`Cannot take from "${name}"`, limitOf(take.context))
    const { algorithm, windowMs, onUnavailable } = policy
    return {
      policy: name,
      key: keyring.limit(name, await keyring.id(key)),
      algorithm,
      limit,
      windowMs,
      cost,
      onUnavailable,
    }
  }

  async function take(takes: TakeOf<Name, unknown> | readonly TakeOf<Name, unknown>[]): Promise<Decision<Name>> {
    const list = Array.isArray(takes) ? (takes as readonly TakeOf<Name, unknown>[]) : [takes as TakeOf<Name, unknown>]
    if (list.length === 0) throw new RangeError('Cannot take: at least one policy must be named, received none')
    const checks = await Promise.all(list.map(toCheck))
    const twice = checks.find(({ key }, index) => checks.findIndex((other) => other.key === key) !== index)
    if (twice)
      throw new RangeError(
        `Cannot take: each policy and key must be named once, received "${twice.policy}" twice with one key`,
      )
    return decide(checks)
  }

  async function decide(checks: readonly PolicyCheck<Name>[]): Promise<Decision<Name>> {
    try {
      const verdicts = await guard('take', () => options.store.take(checks))
      return toDecision(checks.map((check, index) => toState(check, verdicts[index])))
    } catch (cause) {
      return decideWithoutStore(checks, local, cause)
    }
  }

  return {
    policies,
    take,
    limit: (policy, key) => take({ policy, key }),
    async selfTest() {
      const probe = createLimiter({
        ...options,
        policies: { 'self-test': slidingWindow({ limit: 1, window: '1s', onUnavailable: 'closed' }) },
      })
      const key = createNonce()
      const first = await probe.limit('self-test', key)
      const second = await probe.limit('self-test', key)
      const ok = first.status === 'allowed' && second.status === 'refused'
      return { ok, checks: [{ name: 'a limit refuses', ok, detail: `${first.status} then ${second.status}` }] }
    },
    close() {},
  }
}

function toState<Name extends string>(check: PolicyCheck<Name>, verdict: Verdict | undefined): LimitState<Name> {
  if (!verdict)
    throw new StoreReplyError(`Cannot take from "${check.policy}": the store must give one verdict for each check`)
  return { policy: check.policy, limit: check.limit, windowMs: check.windowMs, ...verdict }
}
