import type { StoreKey } from '../key.ts'
import type { Decision, LimitState } from './decision.ts'
import type { PolicyCheck } from './read-takes.ts'

/** A refusal, and the span of the local monotonic clock in which the store would refuse the same take again. */
interface Remembered<Name extends string> {
  readonly limits: readonly LimitState<Name>[]
  readonly keys: readonly StoreKey[]
  readonly repliedAt: number
  readonly from: number
  readonly until: number
}

/** Answers repeated refusals without asking the store. */
export interface DenialMemo<Name extends string> {
  /** The states that the store would refuse the take with, or undefined when it must be asked. */
  recall(checks: readonly PolicyCheck<Name>[]): readonly LimitState<Name>[] | undefined
  /** Marks the moment at which a take is sent; what comes back goes to `remember`. */
  begin(): Asked
  remember(asked: Asked, checks: readonly PolicyCheck<Name>[], decision: Decision<Name>): void
  /** Forgets every refusal that one of the keys had part in: units went back to it. What is on its way is not remembered either. */
  forget(keys: readonly StoreKey[]): void
  /** Forgets the refusals of greater costs by these keys: units were taken, so their wait is longer now. */
  noteTaken(checks: readonly PolicyCheck<Name>[]): void
  /** How many refusals are remembered. */
  size(): number
}

interface Asked {
  readonly at: number
  readonly generation: number
}

/**
 * Creates the memo. A refusal holds for exactly the same take (policies, keys, limits and costs), since only of that is the wait known, from when it was sent until its
 * first policy would let it pass: the store decided after the sending, so it refuses for at least as long. What may let it pass sooner is a refund or reset: this
 * process's own make the memo forget, those of others it learns of after `maxAgeMs` at most. At most `maxSize` refusals; the oldest goes first.
 */
export function createDenialMemo<Name extends string>(options: {
  now: () => number
  maxAgeMs: number
  maxSize: number
}): DenialMemo<Name> {
  const { now, maxAgeMs, maxSize } = options
  const remembered = new Map<string, Remembered<Name>>()
  const idsOf = new Map<StoreKey, Set<string>>()
  let generation = 0

  function drop(id: string): void {
    const found = remembered.get(id)
    if (!found) return
    remembered.delete(id)
    for (const key of found.keys) {
      const ids = idsOf.get(key)
      ids?.delete(id)
      if (ids?.size === 0) idsOf.delete(key)
    }
  }

  function keep(id: string, refusal: Remembered<Name>): void {
    drop(id)
    if (remembered.size >= maxSize) drop(remembered.keys().next().value ?? '')
    remembered.set(id, refusal)
    for (const key of refusal.keys) {
      const ids = idsOf.get(key)
      if (ids) ids.add(id)
      else idsOf.set(key, new Set([id]))
    }
  }

  return {
    recall(checks) {
      if (remembered.size === 0) return undefined
      const id = toId(checks)
      const found = remembered.get(id)
      if (!found) return undefined
      const at = now()
      if (at >= found.from && at < found.until) return age(found, at)
      drop(id)
      return undefined
    },
    begin: () => ({ at: now(), generation }),
    remember(asked, checks, decision) {
      if (decision.status !== 'refused' || asked.generation !== generation) return
      if (checks.some(({ algorithm }) => algorithm === 'concurrency')) return
      const refused = decision.limits.filter(({ allowed }) => !allowed)
      const holdsMs = Math.min(maxAgeMs, ...refused.map(({ retryAfterMs }) => retryAfterMs))
      const keys = checks.map(({ key }) => key)
      const span = { from: asked.at, until: asked.at + holdsMs, repliedAt: now() }
      if (span.until > span.repliedAt) keep(toId(checks), { limits: decision.limits, keys, ...span })
    },
    forget(keys) {
      generation += 1
      for (const key of keys) for (const id of [...(idsOf.get(key) ?? [])]) drop(id)
    },
    noteTaken(checks) {
      if (remembered.size === 0) return
      for (const { key } of checks) for (const id of [...(idsOf.get(key) ?? [])]) drop(id)
    },
    size: () => remembered.size,
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
    retryAfterMs: state.allowed ? 0 : state.retryAfterMs - elapsed,
  }))
}
