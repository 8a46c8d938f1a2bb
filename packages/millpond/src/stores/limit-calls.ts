import { StoreReplyError } from '../errors.ts'
import { type Commands, runScript } from './commands.ts'
import type { AlgorithmLetter } from './lua/limit-algorithms.ts'
import { toLimitScript } from './lua/limit-script.ts'
import { toHashTag } from './split-slots.ts'

/** An operation of the limit script: take, peek, charge, refund, prolong. */
export type LimitOperation = 't' | 'p' | 'c' | 'r' | 'n'

/** A check as the script gets it: its key, then algorithm, limit or mark, window ms, cost, and what the algorithm needs besides. */
export type CallCheck = readonly [
  key: string,
  letter: string,
  limitOrMark: string | number,
  windowMs: number,
  cost: number,
  detail: string | number,
]

/** Runs one group: its operation and checks. Gives the part of the reply that is the group's. */
export type LimitCalls = (operation: LimitOperation, checks: readonly CallCheck[]) => Promise<readonly unknown[]>

interface Group {
  readonly operation: LimitOperation
  readonly checks: readonly CallCheck[]
  readonly resolve: (reply: readonly unknown[]) => void
  readonly reject: (error: unknown) => void
}

/** How many checks one script call may carry: it holds the server for well under a millisecond. */
const CHECKS_PER_CALL = 64

/** Merges the groups of one tick into one call of the limit script (of at most 64 checks, and on a cluster of one slot each). Each is decided alone. */
export function createLimitCalls(commands: Commands): LimitCalls {
  let waiting: Group[] = []

  function flush(): void {
    const groups = waiting
    waiting = []
    const batches = new Map<string, { groups: Group[]; size: number }>()
    for (const group of groups) {
      const slot = commands.slotOf ? toHashTag(group.checks[0]?.[0] ?? '') : ''
      let batch = batches.get(slot)
      if (batch && batch.size + group.checks.length > CHECKS_PER_CALL) {
        void runGroups(commands, batch.groups, '')
        batch = undefined
      }
      if (!batch) {
        batch = { groups: [], size: 0 }
        batches.set(slot, batch)
      }
      batch.groups.push(group)
      batch.size += group.checks.length
    }
    for (const batch of batches.values()) void runGroups(commands, batch.groups, '')
  }

  return (operation, checks) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) commands.atTickEnd(flush)
      waiting.push({ operation, checks, resolve, reject })
    })
}

/** Runs each group by itself at the moment `now` (milliseconds), for tests that hold the Lua against its TypeScript twin. */
export function createCallsAt(commands: Commands, now: () => number): LimitCalls {
  return (operation, checks) =>
    new Promise((resolve, reject) => {
      void runGroups(commands, [{ operation, checks, resolve, reject }], now())
    })
}

async function runGroups(commands: Commands, groups: readonly Group[], now: '' | number): Promise<void> {
  const keys: string[] = []
  const args: (string | number)[] = [now]
  const letters = new Set<AlgorithmLetter>()
  let givesBack = false
  for (const { operation, checks } of groups) {
    args.push(operation, checks.length)
    if (operation === 'r' || operation === 'n') givesBack = true
    for (const [key, letter, limit, windowMs, cost, detail] of checks) {
      keys.push(key)
      letters.add(letter.toLowerCase() as AlgorithmLetter)
      args.push(letter, limit, windowMs, cost, detail)
    }
  }
  try {
    const reply = await runScript(commands, toLimitScript(letters, givesBack), keys, args)
    share(groups, reply)
  } catch (error) {
    for (const { reject } of groups) reject(error)
  }
}

function share(groups: readonly Group[], reply: unknown): void {
  const lengths = groups.map(
    ({ operation, checks }) => checks.length * (operation === 't' || operation === 'p' ? 5 : 1),
  )
  const total = lengths.reduce((sum, length) => sum + length, 0)
  if (!Array.isArray(reply) || reply.length !== total) {
    throw new StoreReplyError('Cannot count: the store must answer each check')
  }
  let start = 0
  groups.forEach(({ resolve }, index) => {
    const end = start + (lengths[index] ?? 0)
    resolve(reply.slice(start, end))
    start = end
  })
}
