import type { Reply } from '../engine/reply.ts'
import type { Command } from './command.ts'

/** Where in a command its keys are; indexes count the command's name as 0, as Redis does. */
export interface KeySpec {
  readonly begin:
    | { readonly type: 'index'; readonly index: number }
    | { readonly type: 'keyword'; readonly keyword: string; readonly startFrom: number }
  readonly find:
    | { readonly type: 'range'; readonly lastKey: number; readonly step: number; readonly limit: number }
    | { readonly type: 'keynum'; readonly numberIndex: number; readonly firstKey: number; readonly step: number }
}

/** What Redis says of one command. */
export interface CommandInfo {
  readonly isReadOnly: boolean
  /** Empty for a command without keys, undefined when Redis cannot tell where they are. */
  readonly specs: readonly KeySpec[] | undefined
}

/** The commands of the engine, by name in capitals; subcommands as `XINFO|STREAM`. */
export type CommandTable = ReadonlyMap<string, CommandInfo>

type Fields = ReadonlyMap<string, Reply>

function toText(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) || typeof reply === 'string' ? reply.toString() : ''
}

function toList(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : []
}

function toFields(reply: Reply | undefined): Fields {
  const list = toList(reply)
  const pairs = list.flatMap((name, index): [string, Reply][] =>
    index % 2 === 0 ? [[toText(name), list[index + 1] ?? null]] : [],
  )
  return new Map(pairs)
}

function toNumber(reply: Reply | undefined): number {
  return Number(toText(reply))
}

function readBegin(fields: Fields): KeySpec['begin'] | undefined {
  const spec = toFields(fields.get('spec'))
  switch (toText(fields.get('type'))) {
    case 'index':
      return { type: 'index', index: toNumber(spec.get('index')) }
    case 'keyword': {
      const keyword = toText(spec.get('keyword')).toUpperCase()
      return { type: 'keyword', keyword, startFrom: toNumber(spec.get('startfrom')) }
    }
    default:
      return undefined
  }
}

function readFind(fields: Fields): KeySpec['find'] | undefined {
  const spec = toFields(fields.get('spec'))
  const step = toNumber(spec.get('keystep'))
  switch (toText(fields.get('type'))) {
    case 'range':
      return { type: 'range', lastKey: toNumber(spec.get('lastkey')), step, limit: toNumber(spec.get('limit')) }
    case 'keynum': {
      const numberIndex = toNumber(spec.get('keynumidx'))
      return { type: 'keynum', numberIndex, firstKey: toNumber(spec.get('firstkey')), step }
    }
    default:
      return undefined
  }
}

function readSpec(reply: Reply): KeySpec | undefined {
  const fields = toFields(reply)
  const flags = toList(fields.get('flags')).map((flag) => toText(flag).toLowerCase())
  const begin = readBegin(toFields(fields.get('begin_search')))
  const find = readFind(toFields(fields.get('find_keys')))
  if (begin === undefined || find === undefined || flags.includes('incomplete') || flags.includes('not_key')) {
    return undefined
  }
  return { begin, find }
}

const numbered = (index: number): KeySpec => ({
  begin: { type: 'index', index },
  find: { type: 'keynum', numberIndex: 0, firstKey: 1, step: 1 },
})
const single = (index: number): KeySpec => ({
  begin: { type: 'index', index },
  find: { type: 'range', lastKey: 0, step: 1, limit: 0 },
})

/** Before Redis 7 the engine does not describe these. */
const describedHere: ReadonlyMap<string, readonly KeySpec[]> = new Map(
  Object.entries({
    EVAL: [numbered(2)],
    EVALSHA: [numbered(2)],
    ZUNION: [numbered(1)],
    ZINTER: [numbered(1)],
    ZDIFF: [numbered(1)],
    ZUNIONSTORE: [single(1), numbered(2)],
    ZINTERSTORE: [single(1), numbered(2)],
    ZDIFFSTORE: [single(1), numbered(2)],
    SORT: [single(1)],
  }),
)

/** Of a command without key specs, as before Redis 7: first key, last key and step. */
function readRange(name: string, entry: readonly Reply[], flags: readonly string[]): readonly KeySpec[] | undefined {
  const known = describedHere.get(name)
  if (known !== undefined) return known
  const [first, last, step] = entry.slice(3, 6).map(toNumber)
  if (flags.includes('movablekeys') || first === undefined || last === undefined || step === undefined) return undefined
  if (first === 0) return []
  const lastKey = last < 0 ? last : last - first
  return [{ begin: { type: 'index', index: first }, find: { type: 'range', lastKey, step, limit: 0 } }]
}

/** SORT names further keys in BY, GET and STORE, GEORADIUS in STORE; {@link findKeys} looks at those. */
const withOptionsOfItsOwn = new Set(['SORT', 'SORT_RO', 'GEORADIUS', 'GEORADIUSBYMEMBER'])

function readEntry(entry: readonly Reply[], parent: string | undefined): [string, CommandInfo][] {
  const name = toText(entry[0]).toUpperCase()
  const key = parent === undefined || name.includes('|') ? name : `${parent}|${name}`
  const flags = toList(entry[2]).map((flag) => toText(flag).toLowerCase())
  const described = entry.length > 8 ? toList(entry[8]).map(readSpec) : undefined
  const specs = described?.filter((spec) => spec !== undefined) ?? readRange(name, entry, flags)
  const isWhole = described === undefined || described.length === specs?.length || withOptionsOfItsOwn.has(name)
  const info = { isReadOnly: flags.includes('readonly'), specs: isWhole ? specs : undefined }
  const below = toList(entry[9]).flatMap((child) => readEntry(toList(child), key))
  return [[key, info], ...below]
}

/** Reads the reply to COMMAND. */
export function readCommandTable(reply: Reply): CommandTable {
  return new Map(toList(reply).flatMap((entry) => readEntry(toList(entry), undefined)))
}

/** What is known of a command, of its subcommand where the engine describes them; undefined for an unknown command. */
export function findInfo(table: CommandTable, command: Command): CommandInfo | undefined {
  const name = command.name.toUpperCase()
  const subcommand = command.args[0]?.toString().toUpperCase() ?? ''
  return table.get(`${name}|${subcommand}`) ?? table.get(name)
}
