import { createNonce, type LimitKeyring, type StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { LimitCheck } from './limit-store.ts'
import type { OutageMode, Policy } from './policy.ts'
import { readLimit, readWhole } from './read-limit.ts'

/** The declared policies by name. */
export type Policies = Readonly<Record<string, Policy<never>>>

type ContextOf<P> = P extends Policy<infer Context> ? Context : never

/** One policy to take from, as the limiter sees it. */
export interface TakeOf<Name, Context> {
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

/** Turns takes into checks: validated, keyed, with the limit of their context. A promise only where a key is a digest that must be computed first. */
export type ReadTakes<Name extends string> = (
  takes: Takes<Name>,
) => readonly PolicyCheck<Name>[] | Promise<readonly PolicyCheck<Name>[]>

/** Creates the reader of takes for the declared policies. */
export function createReadTakes<Name extends string>(options: {
  policies: Policies
  keyring: LimitKeyring
  clock: Clock
}): ReadTakes<Name> {
  const { policies, keyring, clock } = options
  function toCheck(take: TakeOf<Name, unknown>): PolicyCheck<Name> | Promise<PolicyCheck<Name>> {
    const { policy: name, key, cost = 1 } = take
    const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
    if (!policy) throw unknownPolicy('Cannot take', policies, name)
    readKey('take from', name, key)
    if (cost !== 1) readWhole(`Cannot take from "${name}"`, { name: 'cost', value: cost, min: 1 })
    const limitOf = policy.limit as number | ((context: unknown) => number)
    const limit =
      typeof limitOf === 'number'
        ? limitOf
        : readLimit(`Cannot take from "${name}"`, limitOf(take.context), policy.largestLimit)
    const id = keyring.id(key)
    if (typeof id === 'string') return toCheckOf(name, policy, keyring.limit(name, id), limit, cost)
    return id.then((known) => toCheckOf(name, policy, keyring.limit(name, known), limit, cost))
  }

  /** All checks have one shape, field by field: this is made for each take, and copying it costs more than making it. */
  function toCheckOf(
    policy: Name,
    declared: Policy<never>,
    key: StoreKey,
    limit: number,
    cost: number,
  ): PolicyCheck<Name> {
    const { steps, windowMs, onUnavailable, debt, shadow, lease, refill, days } = declared
    const { algorithm } = steps
    const starts = days?.(clock.now())
    const permit = algorithm === 'concurrency' ? createNonce().slice(0, 8) : undefined
    return {
      policy,
      key,
      algorithm,
      limit,
      windowMs,
      cost,
      onUnavailable,
      debt,
      shadow,
      lease: lease?.units,
      refill,
      starts,
      permit,
    }
  }

  return (takes) => {
    if (!Array.isArray(takes)) {
      const check = toCheck(takes as TakeOf<Name, unknown>)
      return check instanceof Promise ? check.then((known) => [known]) : [check]
    }
    const list = takes as readonly TakeOf<Name, unknown>[]
    if (list.length === 0) throw new RangeError('Cannot take: at least one policy must be named, received none')
    const checks = list.map(toCheck)
    return checks.every((check) => !(check instanceof Promise))
      ? requireDistinct(checks as PolicyCheck<Name>[])
      : Promise.all(checks).then(requireDistinct)
  }
}

function requireDistinct<Name extends string>(checks: readonly PolicyCheck<Name>[]): readonly PolicyCheck<Name>[] {
  const twice = checks.find(({ key }, index) => checks.findIndex((other) => other.key === key) !== index)
  if (!twice) return checks
  throw new RangeError(
    `Cannot take: each policy and key must be named once, received "${twice.policy}" twice with one key`,
  )
}

/** The error for a policy that is not declared. */
export function unknownPolicy(action: string, policies: Policies, name: unknown): RangeError {
  return new RangeError(
    `${action}: "policy" must be one of ${Object.keys(policies).join(', ')}, received ${JSON.stringify(name)}`,
  )
}

/**
 * Checks an identity.
 *
 * @throws {TypeError} when it is not a non-empty string
 */
export function readKey(verb: string, policy: string, key: unknown): void {
  if (typeof key === 'string' && key !== '') return
  throw new TypeError(
    `Cannot ${verb} "${policy}": "key" must be a non-empty string, received ${key === '' ? '""' : typeof key}`,
  )
}
