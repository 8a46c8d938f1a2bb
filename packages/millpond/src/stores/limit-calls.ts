import { StoreReplyError } from '../errors.ts'
import { CLOCKS_DIFFER } from '../limit/fixed-window.ts'
import type { LimitCheck } from '../limit/limit-store.ts'
import type { Verdict } from '../limit/verdict.ts'
import { createTick } from '../tick.ts'
import { type Commands, runScript } from './commands.ts'
import { toHashTag } from './hash-tag.ts'
import type { AlgorithmLetter } from './lua/limit-algorithms.ts'
import { toAloneScript, toLimitScript } from './lua/limit-script.ts'
import type { Script } from './lua/script.ts'

/** A check, or what a take of it took. */
export type CallCheck = LimitCheck & { readonly mark?: string }

/** Runs one group of checks, decided together. */
export interface LimitCalls {
  decide(operation: 't' | 'p', checks: readonly CallCheck[]): Promise<Verdict[]>
  count(operation: 'c' | 'r' | 'n', checks: readonly CallCheck[]): Promise<number[]>
}

/** An operation of the limit script: take, peek, charge, refund, prolong. */
type LimitOperation = Parameters<LimitCalls['decide' | 'count']>[0]

interface Group {
  readonly operation: LimitOperation
  readonly checks: readonly CallCheck[]
  /** Takes what the reply says of this group, from `start` on. */
  readonly settle: (reply: readonly unknown[], start: number) => void
  readonly reject: (error: unknown) => void
}

type Run = (group: Group) => void

/** How many checks one script call may carry: it holds the server for well under a millisecond. */
const CHECKS_PER_CALL = 64

/** How many values the script replies for each check of an operation. */
const perCheck = (operation: LimitOperation): number => (operation === 't' || operation === 'p' ? 5 : 1)

/** Merges the groups of one tick into one call of the limit script, or two where commands leave at once (of at most 64 checks, and on a cluster of one slot each). Each is decided alone. */
export function createLimitCalls(commands: Commands): LimitCalls {
  let waiting: Group[] = []
  const tick = createTick({ atTickEnd: commands.atTickEnd, splits: commands.sendsAtOnce }, flush)
  const run = (groups: readonly Group[]) => tick.track(runGroups(commands, groups, ''))

  function flush(): void {
    const groups = waiting
    waiting = []
    const batches = new Map<string, { groups: Group[]; size: number }>()
    for (const group of groups) {
      const slot = commands.slotOf ? toHashTag(group.checks[0]?.key ?? '') : ''
      let batch = batches.get(slot)
      if (batch && batch.size + group.checks.length > CHECKS_PER_CALL) {
        run(batch.groups)
        batch = undefined
      }
      if (!batch) {
        batch = { groups: [], size: 0 }
        batches.set(slot, batch)
      }
      batch.groups.push(group)
      batch.size += group.checks.length
    }
    for (const batch of batches.values()) run(batch.groups)
  }

  return toCalls((group) => {
    waiting.push(group)
    tick.add()
  })
}

/** Runs each group by itself at the moment `now` (milliseconds), for tests that hold the Lua against its TypeScript twin. */
export function createCallsAt(commands: Commands, now: () => number): LimitCalls {
  return toCalls((group) => void runGroups(commands, [group], now()))
}

function toCalls(run: Run): LimitCalls {
  const call = <Answer>(
    operation: LimitOperation,
    checks: readonly CallCheck[],
    read: (reply: readonly unknown[], at: number) => Answer,
  ): Promise<Answer[]> =>
    new Promise((resolve, reject) => {
      const width = perCheck(operation)
      const settle = (reply: readonly unknown[], start: number) =>
        resolve(checks.map((_, index) => read(reply, start + index * width)))
      run({ operation, checks, settle, reject })
    })
  return {
    decide: (operation, checks) => call(operation, checks, readVerdict),
    count: (operation, checks) => call(operation, checks, readUnits),
  }
}

/** A call of the limit script, and how many values it replies. */
interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  readonly size: number
}

function toCall(groups: readonly Group[], now: '' | number): Call {
  const [first] = groups
  const [check, ...others] = first?.checks ?? []
  if (groups.length === 1 && first?.operation === 't' && check && others.length === 0) return toCallAlone(check, now)
  const keys: string[] = []
  const args: (string | number)[] = [now]
  const letters = new Set<AlgorithmLetter>()
  let givesBack = false
  let size = 0
  let before: Group | undefined
  let repeatAt = 0
  for (const group of groups) {
    const { operation, checks } = group
    size += checks.length * perCheck(operation)
    for (const { key } of checks) keys.push(key)
    if (before && isRepeated(before, group)) {
      args[repeatAt] = Number(args[repeatAt]) + 1
      continue
    }
    before = group
    const byMark = operation === 'r' || operation === 'n'
    if (byMark) givesBack = true
    repeatAt = args.push(operation, checks.length, 1) - 1
    for (const check of checks) {
      const letter = LETTER[check.algorithm]
      letters.add(letter)
      args.push(check.shadow && !byMark ? letter.toUpperCase() : letter)
      args.push((byMark ? check.mark : undefined) ?? check.limit, check.windowMs, check.cost, toDetail(check))
    }
  }
  return { script: toLimitScript(letters, givesBack), keys, args, size }
}

function toCallAlone(check: CallCheck, now: '' | number): Call {
  const args = [now, check.limit, check.windowMs, check.cost, toDetail(check)]
  return { script: toAloneScript(LETTER[check.algorithm]), keys: [check.key], args, size: perCheck('t') }
}

async function runGroups(commands: Commands, groups: readonly Group[], now: '' | number): Promise<void> {
  try {
    const { script, keys, args, size } = toCall(groups, now)
    const reply = await runScript(commands, script, keys, args)
    if (!Array.isArray(reply) || reply.length !== size) {
      throw new StoreReplyError('Cannot count: the store must answer each check')
    }
    let start = 0
    for (const { operation, checks, settle, reject } of groups) {
      try {
        settle(reply, start)
      } catch (error) {
        reject(error)
      }
      start += checks.length * perCheck(operation)
    }
  } catch (error) {
    for (const { reject } of groups) reject(error)
  }
}

/** Whether a group asks what the group before it asks, of another key: then it travels as its key alone. A shadow alone is counted like any other. */
function isRepeated(a: Group, b: Group): boolean {
  const [check, other] = [a.checks[0], b.checks[0]]
  return (
    a.operation === b.operation &&
    a.checks.length === 1 &&
    b.checks.length === 1 &&
    check !== undefined &&
    other !== undefined &&
    check.algorithm === other.algorithm &&
    check.limit === other.limit &&
    check.windowMs === other.windowMs &&
    check.cost === other.cost &&
    check.refill === other.refill &&
    check.starts === other.starts &&
    check.permit === other.permit &&
    check.mark === other.mark
  )
}

const LETTER = { 'sliding-window': 's', 'fixed-window': 'f', 'token-bucket': 'b', concurrency: 'c' } as const

function toDetail({ algorithm, limit, refill = limit, starts, permit = '' }: LimitCheck): string | number {
  switch (algorithm) {
    case 'sliding-window':
      return ''
    case 'fixed-window':
      return starts?.join(' ') ?? ''
    case 'token-bucket':
      return refill
    case 'concurrency':
      return permit
    default:
      return algorithm satisfies never
  }
}

function readVerdict(reply: readonly unknown[], at: number): Verdict {
  const allowed = toWhole(reply[at])
  if (allowed === -1) throw new StoreReplyError(CLOCKS_DIFFER)
  const retryMs = toWhole(reply[at + 3])
  const verdict = {
    allowed: allowed === 1,
    remaining: toWhole(reply[at + 1]),
    resetMs: toWhole(reply[at + 2]),
    retryAfterMs: retryMs === -1 ? Number.POSITIVE_INFINITY : retryMs,
  }
  const mark = String(reply[at + 4] ?? '')
  return mark === '' ? verdict : { ...verdict, mark }
}

function readUnits(reply: readonly unknown[], at: number): number {
  const units = toWhole(reply[at])
  if (units < 0) throw new StoreReplyError(CLOCKS_DIFFER)
  return units
}

function toWhole(reply: unknown): number {
  const number = typeof reply === 'string' ? Number(reply) : reply
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new StoreReplyError('Cannot count: the store must answer with whole numbers')
}
