import type { Loss, Operation, Read, Take, Write } from './history.ts'

/** One operation that should not have come out as it did. */
export interface Violation {
  readonly rule: 'wrong answer' | 'stale read' | 'undeclared error' | 'over-admission'
  readonly detail: string
}

/**
 * Reads may show what was written and nothing else: a value that this user has sent by then, and none older than the newest write that was acknowledged before the read began and
 * that the read's process must know of: its own, in the same life, or one whose invalidation was delivered by then.
 */
export function checkReads(operations: readonly Operation[]): Violation[] {
  const writes = groupBy(
    operations.filter((operation) => operation.kind === 'write'),
    ({ user }) => user,
  )
  return operations.flatMap((operation) =>
    operation.kind === 'read' && operation.status === 200 ? checkRead(operation, writes.get(operation.user) ?? []) : [],
  )
}

function checkRead(read: Read, writes: readonly Write[]): Violation[] {
  const { value } = read
  const sent = writes.some((write) => write.value === value && write.startedAt <= read.endedAt)
  if (value !== null && !sent) return [{ rule: 'wrong answer', detail: `${read.user} read ${value}, never sent` }]
  const known = writes.filter(
    (write) =>
      write.status === 200 &&
      ((write.replica === read.replica && write.endedAt <= read.startedAt) ||
        (write.deliveredAt !== undefined && write.deliveredAt <= read.startedAt)),
  )
  const newest = Math.max(0, ...known.map((write) => write.value))
  if ((value ?? 0) >= newest) return []
  const detail = `${read.user} read ${value} (${read.outcome}) from ${read.replica} at ${Math.round(read.startedAt)}, after ${newest} was acknowledged`
  return [{ rule: 'stale read', detail }]
}

/** Every answer of the 500s must be one that the interface declares. */
export function checkErrors(operations: readonly Operation[]): Violation[] {
  return operations.flatMap((operation) => {
    const { kind, status, declared, startedAt } = operation
    if (status < 500 || declared) return []
    const what = kind === 'page' ? operation.path : kind
    return [{ rule: 'undeclared error', detail: `${status} for ${what} at ${Math.round(startedAt)}` } as const]
  })
}

/**
 * Between two losses of the store's data no window may admit more than the limit by the store's decisions, and none more than the limit by those of a process alone. What overlaps a loss counts on neither
 * side of it.
 */
export function checkLimit(
  operations: readonly Operation[],
  { limit, units, windowMs }: { limit: string; units: number; windowMs: number },
  losses: readonly Loss[],
): Violation[] {
  const takes = operations.filter(
    (operation): operation is Take => operation.kind === 'take' && operation.limit === limit && operation.allowed,
  )
  const violations: Violation[] = []
  for (const [identity, all] of groupBy(takes, (take) => take.identity)) {
    for (const degraded of [false, true]) {
      const decided = all.filter((take) => take.degraded === degraded)
      for (const segment of degraded ? [decided] : splitAtLosses(decided, losses)) {
        const most = mostInWindow(segment, windowMs)
        if (most <= units) continue
        const by = degraded ? 'a process alone' : 'the store'
        violations.push({
          rule: 'over-admission',
          detail: `${by} admitted ${most} of ${units} to ${identity} (${limit})`,
        })
      }
    }
  }
  return violations
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

function splitAtLosses(takes: readonly Take[], losses: readonly Loss[]): Take[][] {
  const untouched = takes.filter(
    (take) => !losses.some((loss) => take.startedAt <= loss.to && take.endedAt >= loss.from),
  )
  return [...groupBy(untouched, (take) => losses.filter((loss) => loss.to < take.startedAt).length).values()]
}

/**
 * The most takes that a window of `windowMs` surely holds: the moment of a decision lies somewhere between its start and its end, so a group counts only when its last began less than
 * a window after its first ended.
 */
function mostInWindow(takes: readonly Take[], windowMs: number): number {
  const ordered = [...takes].sort((a, b) => a.endedAt - b.endedAt)
  let most = 0
  for (const [index, first] of ordered.entries()) {
    const within = ordered.slice(index).filter((take) => take.endedAt - first.startedAt < windowMs)
    most = Math.max(most, within.length)
  }
  return most
}
