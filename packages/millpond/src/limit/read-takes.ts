import { type Awaitable, whenReady } from '../awaitable.ts'
import type { LimitKeyring, StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import { toShown } from '../time/duration.ts'
import type { LimitCheck } from './limit-store.ts'
import type { OutageMode, Policy } from './policy.ts'
import { readWhole } from './read-whole.ts'

/** The declared policies by name. */
export type Policies = Readonly<Record<string, Policy<never>>>

type ContextOf<P> = P extends Policy<infer Context> ? Context : never

/** One policy to take from, as the limiter sees it. */
export interface TakeOf<Name, Context> {
  readonly policy: Name
  /** Who or what is limited: an address, a user id. Stands in keys as it is, or as an HMAC when the limiter has a `keySecret`. */
  readonly key: string
  /** Units to take, a whole number from 1; default 1. */
  readonly cost?: number | undefined
  /** What the policy's limit is computed from, where it is a function. */
  readonly context?: Context | undefined
}

/** Whether a policy's limit can be told without a context: it is a number, or a function that takes `undefined`. */
type NeedsNoContext<Context> = [Context] extends [undefined] ? true : [undefined] extends [Context] ? true : false

/** One policy to take from. Where the policy's limit is a function of a context, `context` is required. */
export type Take<P extends Policies> = {
  [Name in keyof P & string]: NeedsNoContext<ContextOf<P[Name]>> extends true
    ? TakeOf<Name, ContextOf<P[Name]>>
    : TakeOf<Name, ContextOf<P[Name]>> & { readonly context: ContextOf<P[Name]> }
}[keyof P & string]

/** The names of the policies that need no context. */
export type PlainName<P extends Policies> = {
  [Name in keyof P & string]: NeedsNoContext<ContextOf<P[Name]>> extends true ? Name : never
}[keyof P & string]

/** A check with the policy it comes from. */
export interface PolicyCheck<Name extends string> extends LimitCheck {
  readonly policy: Name
  readonly onUnavailable: OutageMode
  readonly debt: number
  /** Units that a process may take in advance. */
  readonly lease?: number | undefined
}

/** One take or several, as a caller passes them. */
export type Takes<Name> = TakeOf<Name, unknown> | readonly TakeOf<Name, unknown>[]

/** Reads what callers pass. A promise only where a key is a digest that must be computed first. */
export interface TakeReader<Name extends string> {
  /** Turns takes into checks: validated, keyed, with the limit of their context. */
  checks(takes: Takes<Name>): Awaitable<readonly PolicyCheck<Name>[]>
  /** The key in the store of an identity that is to be reset under a policy. */
  keyToReset(policy: Name, key: string): Awaitable<StoreKey>
}

/** Creates the reader of takes for the declared policies. */
export function createTakeReader<Name extends string>(options: {
  policies: Policies
  keyring: LimitKeyring
  clock: Clock
}): TakeReader<Name> {
  const { keyring, clock } = options
  const policies = new Map(Object.entries(options.policies))

  function find(verb: string, name: Name): Policy<never> {
    const policy = policies.get(name)
    if (policy) return policy
    throw new RangeError(
      `Cannot ${verb}: "policy" must be one of ${[...policies.keys()].join(', ')}, received ${toShown(name)}`,
    )
  }

  function toKey(verb: string, name: Name, key: unknown, { kind }: Policy<never>): Awaitable<StoreKey> {
    if (typeof key === 'string' && key !== '')
      return whenReady(keyring.id(key), (id) => keyring.limit(`${kind}:${name}`, id))
    throw new TypeError(
      `Cannot ${verb} "${name}": "key" must be a non-empty string, received ${key === '' ? '""' : typeof key}`,
    )
  }

  function toCheck(take: TakeOf<Name, unknown>): Awaitable<PolicyCheck<Name>> {
    const { policy, cost = 1 } = take ?? {}
    const declared = find('take', policy)
    const key = toKey('take from', policy, take.key, declared)
    if (cost !== 1) readWhole(`Cannot take from "${policy}"`, { name: 'cost', value: cost, min: 1 })
    const limitOf = declared.limit as number | ((context: unknown) => number)
    const limit =
      typeof limitOf === 'number'
        ? limitOf
        : readWhole(`Cannot take from "${policy}"`, {
            name: 'limit',
            value: limitOf(take.context),
            min: 1,
            max: declared.largestLimit,
          })
    // Field by field: this is made for each take, and copying it costs more than making it.
    return whenReady(key, (key) => ({
      policy,
      key,
      algorithm: declared.steps.algorithm,
      limit,
      windowMs: declared.windowMs,
      cost,
      onUnavailable: declared.onUnavailable,
      debt: declared.debt,
      shadow: declared.shadow,
      lease: declared.lease?.units,
      refill: declared.refill,
      starts: declared.days?.(clock.now()),
      permit: declared.permit?.(),
    }))
  }

  return {
    keyToReset(policy, key) {
      return toKey('reset', policy, key, find('reset', policy))
    },
    checks(takes) {
      if (!Array.isArray(takes)) return whenReady(toCheck(takes as TakeOf<Name, unknown>), (check) => [check])
      if (takes.length === 0) throw new RangeError('Cannot take: a policy must be named, received none')
      const checks = takes.map(toCheck)
      return checks.some((check) => check instanceof Promise)
        ? Promise.all(checks).then(requireDistinct)
        : requireDistinct(checks as PolicyCheck<Name>[])
    },
  }
}

function requireDistinct<Name extends string>(checks: readonly PolicyCheck<Name>[]): readonly PolicyCheck<Name>[] {
  const twice = checks.find(({ key }, index) => checks.findIndex((other) => other.key === key) !== index)
  if (!twice) return checks
  throw new RangeError(`Cannot take: each policy and key must be named once, received "${twice.policy}" twice`)
}
