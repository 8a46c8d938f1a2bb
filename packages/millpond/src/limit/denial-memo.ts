import type { StoreKey } from '../key.ts'
import { type Clock, instantOf } from '../time/clock.ts'
import type { Decision, LimitState } from './decision.ts'
import type { PolicyCheck } from './read-takes.ts'

/** A refusal, and the span of the local monotonic clock in which the store would refuse the same take again. */
interface Remembered<Name extends string> {
  readonly limits: readonly LimitState<Name>[]
  /** One for each key that had part in it. */
  readonly parts: readonly Part[]
  readonly repliedAt: number
  readonly until: number
}

/** What the refusals of a key have in common: all are forgotten at once, when it is no longer the key's. */
interface Part {
  readonly key: StoreKey
}

/** Answers repeated refusals without asking the store. */
export interface DenialMemo<Name extends string> {
  /** The states that the store would refuse the take with, or undefined when it must be asked. */
  recall(checks: readonly PolicyCheck<Name>[]): readonly LimitState<Name>[] | undefined
  /** Marks the moment at which a take is sent; what comes back goes to `note`. */
  begin(): Asked
  /** Remembers a refusal. Where units were taken, forgets the refusals of greater costs by these keys: their wait is longer now. */
  note(asked: Asked, checks: readonly PolicyCheck<Name>[], decision: Decision<Name>): void
  /** Forgets every refusal that one of the keys had part in: units went back to it. What is on its way is not remembered either. */
  forget(keyed: readonly { readonly key: StoreKey }[]): void
}

interface Asked {
  readonly at: number
  readonly generation: number
}

/**
 * Creates the memo. A refusal holds for exactly the same take (policies, keys, limits and costs), since only of that is the wait known, until its first policy would let it pass, counted
 * from when it was sent: the store decided after the sending, so it refuses for at least as long. What may let it pass sooner is a refund or reset: this process's own make the memo
 * forget, those of others it learns of after `maxAgeMs` at most. At most `maxSize` refusals (default 10,000): one more, and the oldest is forgotten, with those of its keys.
 */
export function createDenialMemo<Name extends string>(options: {
  clock: Clock
  maxAgeMs: number
  maxSize?: number
}): DenialMemo<Name> {
  const { clock, maxAgeMs, maxSize = 10_000 } = options
  const remembered = new Map<string, Remembered<Name>>()
  const parts = new Map<StoreKey, Part>()
  let generation = 0

  function toPart({ key }: PolicyCheck<Name>): Part {
    const part = parts.get(key) ?? { key }
    parts.set(key, part)
    return part
  }

  function forgetParts(keyed: readonly { readonly key: StoreKey }[]): void {
    for (const { key } of keyed) parts.delete(key)
  }

  function holds(part: Part): boolean {
    return parts.get(part.key) === part
  }

  function forgetOldest(): void {
    const [oldest] = remembered
    if (!oldest) return
    remembered.delete(oldest[0])
    for (const part of oldest[1].parts) if (holds(part)) parts.delete(part.key)
  }

  return {
    recall(checks) {
      const found = parts.size > 0 ? remembered.get(toId(checks)) : undefined
      if (!found?.parts.every(holds)) return undefined
      const at = instantOf(clock)
      return at >= found.repliedAt && at < found.until ? age(found, at) : undefined
    },
    begin: () => ({ at: instantOf(clock), generation }),
    note(asked, checks, decision) {
      if (decision.allowed && parts.size > 0) forgetParts(checks)
      if (decision.status !== 'refused' || asked.generation !== generation) return
      if (checks.some(({ permit }) => permit)) return
      const refused = decision.limits.filter(({ allowed }) => !allowed)
      const until = asked.at + Math.min(maxAgeMs, ...refused.map(({ retryAfterMs }) => retryAfterMs))
      const repliedAt = instantOf(clock)
      if (until <= repliedAt) return
      const id = toId(checks)
      // So that it is the newest.
      remembered.delete(id)
      if (remembered.size >= maxSize) forgetOldest()
      remembered.set(id, { limits: decision.limits, parts: checks.map(toPart), repliedAt, until })
    },
    forget(keyed) {
      generation += 1
      forgetParts(keyed)
    },
  }
}

function toId<Name extends string>(checks: readonly PolicyCheck<Name>[]): string {
  let id = ''
  for (const { key, limit, cost } of checks) id += `${key} ${limit} ${cost}\n`
  return id
}

/** The states as they are now: the waits have become shorter by the time since the reply, never shorter than the truth. */
function age<Name extends string>(found: Remembered<Name>, at: number): LimitState<Name>[] {
  const elapsed = Math.floor(at - found.repliedAt)
  return found.limits.map((state) => ({
    ...state,
    resetMs: Math.max(0, state.resetMs - elapsed),
    retryAfterMs: Math.max(0, state.retryAfterMs - elapsed),
  }))
}
