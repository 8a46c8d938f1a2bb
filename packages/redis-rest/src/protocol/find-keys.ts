import type { Command } from './command.ts'
import { type CommandTable, findInfo, type KeySpec } from './command-table.ts'
import { toWord } from './to-word.ts'

function word(command: Command, index: number): string {
  return toWord(command.args[index])
}

/** The first index in `args` that `spec` looks at, or undefined when it does not apply. */
function findBegin({ begin }: KeySpec, command: Command): number | undefined {
  if (begin.type === 'index') return begin.index - 1
  const from = begin.startFrom - 1
  const found = command.args.findIndex((_, index) => index >= from && word(command, index) === begin.keyword)
  return found === -1 ? undefined : found + 1
}

function rangeEnd(begin: number, lastKey: number, limit: number, count: number): number {
  if (lastKey >= 0) return begin + lastKey
  if (limit > 1) return begin + Math.floor((count - begin) / limit) - 1
  return count + lastKey
}

function positions(begin: number, end: number, step: number): number[] {
  const found: number[] = []
  for (let index = begin; index <= end; index += Math.max(step, 1)) found.push(index)
  return found
}

/** undefined when the command's own numbers make no sense. */
function applySpec(spec: KeySpec, command: Command): number[] | undefined {
  const begin = findBegin(spec, command)
  if (begin === undefined) return []
  const count = command.args.length
  const { find } = spec
  if (find.type === 'range') return positions(begin, rangeEnd(begin, find.lastKey, find.limit, count), find.step)
  const text = command.args[begin + find.numberIndex]?.toString() ?? ''
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) return undefined
  const first = begin + find.firstKey
  return positions(first, first + (Number(text) - 1) * find.step, find.step)
}

/** SORT … BY and GET read keys by pattern, STORE writes one; only without them the keys are known. */
function hasKeyOptions(name: string, command: Command): boolean {
  const options = command.args.slice(1).map((_, index) => word(command, index + 1))
  if (name === 'SORT' || name === 'SORT_RO') return options.some((option) => ['BY', 'GET', 'STORE'].includes(option))
  // Of several STORE options Redis takes the last and its key specs show the first.
  const isRadius = name === 'GEORADIUS' || name === 'GEORADIUSBYMEMBER'
  return isRadius && options.some((option) => option === 'STORE' || option === 'STOREDIST')
}

/** How many words each option of XREAD and XREADGROUP takes with it. */
const streamOptions: ReadonlyMap<string, number> = new Map([
  ['COUNT', 2],
  ['BLOCK', 2],
  ['GROUP', 3],
  ['NOACK', 1],
])

/** Where the options of XREAD and XREADGROUP are, up to STREAMS, which a group may be named too; undefined when one is not known. */
export function findStreamOptions(command: Command): readonly number[] | undefined {
  const found: number[] = []
  let index = 0
  while (word(command, index) !== 'STREAMS') {
    const step = streamOptions.get(word(command, index))
    if (step === undefined) return undefined
    found.push(index)
    index += step
  }
  return [...found, index]
}

/** Engines do not describe these, or not whole. What follows STREAMS is keys, then as many ids. */
function findStreamKeys(command: Command): readonly number[] | undefined {
  const index = findStreamOptions(command)?.at(-1)
  if (index === undefined) return undefined
  const rest = command.args.length - index - 1
  if (rest <= 0 || rest % 2 !== 0) return undefined
  return positions(index + 1, index + rest / 2, 1)
}

/** The indexes in `args` that hold keys, in the order of the command; undefined when they cannot be told for sure. */
export function findKeys(table: CommandTable, command: Command): readonly number[] | undefined {
  const name = command.name.toUpperCase()
  if (name === 'XREAD' || name === 'XREADGROUP') return findStreamKeys(command)
  const specs = findInfo(table, command)?.specs
  if (specs === undefined || hasKeyOptions(name, command)) return undefined
  const found = specs.map((spec) => applySpec(spec, command))
  if (found.includes(undefined)) return undefined
  const indexes = [...new Set(found.flatMap((list) => list ?? []))]
  return indexes.every((index) => index >= 0 && index < command.args.length) ? indexes : undefined
}
