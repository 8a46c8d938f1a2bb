import type { Tree } from './direct.ts'
import type { TwinCommand } from './words.ts'

/** The JSON of a reply, as `docs/protocol.md` says; written anew here, so that the twins do not share a mistake. */
function toJson(tree: Tree, format: 'text' | 'base64'): string {
  switch (tree.kind) {
    case 'nil':
    case 'nil-array':
      return 'null'
    case 'integer':
      return tree.digits
    case 'array':
      return `[${tree.items.map((item) => toJson(item, format)).join(',')}]`
    default:
      return JSON.stringify(tree.bytes.toString(format === 'base64' ? 'base64' : 'utf8'))
  }
}

/** One command's answer: the body of a single request, or a slot of a batch. */
export function toSlot(tree: Tree, format: 'text' | 'base64'): string {
  if (tree.kind === 'error') return `{"error":${JSON.stringify(tree.bytes.toString())}}`
  const isOk = (tree.kind === 'status' || tree.kind === 'bulk') && tree.bytes.toString() === 'OK'
  return `{"result":${isOk ? '"OK"' : toJson(tree, format)}}`
}

export function nameOf([name]: TwinCommand): string {
  return name?.bytes.toString().toUpperCase() ?? ''
}

const bulk = (text: string): { kind: 'bulk'; bytes: Buffer } => ({ kind: 'bulk', bytes: Buffer.from(text) })

/** The words that go over RESP in the place of what Upstash takes and Redis does not. */
export function toDirect(command: TwinCommand, prefix: string, globPrefix: string): Buffer[] {
  const name = nameOf(command)
  const words = command.map(({ bytes, role }) => {
    if (role === 'plain' || prefix === '') return bytes
    return Buffer.concat([Buffer.from(role === 'key' ? prefix : globPrefix), bytes])
  })
  const upper = command.map(({ bytes }) => bytes.toString().toUpperCase())
  if (name === 'XTRIM' && upper[3] === '~' && upper.length < 6) return words.with(3, Buffer.from('='))
  if (name === 'SCAN')
    return confineScan(
      words.filter((_, index) => upper[index] !== 'WITHTYPE'),
      globPrefix,
    )
  if (name === 'EVAL' || name === 'EVAL_RO') {
    return words.map((word, index) =>
      index === 1
        ? Buffer.from(
            word
              .toString('latin1')
              .replace(' flags=allow-key-locking', '')
              .replace(/^#!lua/, ''),
            'latin1',
          )
        : word,
    )
  }
  return words
}

function confineScan(words: Buffer[], globPrefix: string): Buffer[] {
  const hasMatch = words.some((word) => word.toString().toUpperCase() === 'MATCH')
  return globPrefix === '' || hasMatch ? words : [...words, Buffer.from('MATCH'), Buffer.from(`${globPrefix}*`)]
}

function takeOff(tree: Tree | undefined, prefix: Buffer): Tree {
  if (tree === undefined) return { kind: 'nil' }
  if (tree.kind !== 'bulk' || !tree.bytes.subarray(0, prefix.length).equals(prefix)) return tree
  return { kind: 'bulk', bytes: tree.bytes.subarray(prefix.length) }
}

function changeItems(tree: Tree, change: (item: Tree, index: number) => Tree): Tree {
  return tree.kind === 'array' ? { kind: 'array', items: tree.items.map(change) } : tree
}

/** The reply with the names as the owner of a prefix knows them. */
function takeOffNames(name: string, tree: Tree, text: string): Tree {
  const prefix = Buffer.from(text)
  const first = (item: Tree): Tree => changeItems(item, (one, index) => (index === 0 ? takeOff(one, prefix) : one))
  switch (name) {
    case 'KEYS':
      return changeItems(tree, (item) => takeOff(item, prefix))
    case 'SCAN':
      return changeItems(tree, (item, index) => (index === 1 ? changeItems(item, (key) => takeOff(key, prefix)) : item))
    case 'LMPOP':
    case 'ZMPOP':
      return first(tree)
    case 'XREAD':
    case 'XREADGROUP':
      return changeItems(tree, first)
    default:
      return tree
  }
}

/** What the client of the REST server gets for a reply of Redis. */
export function toRest(command: TwinCommand, tree: Tree, prefix: string): Tree {
  const name = nameOf(command)
  if (tree.kind === 'error') {
    const message = tree.bytes.toString()
    if (name === 'COPY' && message === 'ERR source and destination objects are the same')
      return { kind: 'integer', digits: '0' }
    if (name.startsWith('EVALSHA') && message.startsWith('NOSCRIPT '))
      return { ...bulk('NOSCRIPT No matching script. Please use EVAL.'), kind: 'error' }
  }
  return prefix === '' ? tree : takeOffNames(name, tree, prefix)
}

/** In no order that can be relied on. */
const unordered = new Set(['KEYS', 'SCAN'])
/** They tell the time that is left, which a moment makes less. */
const timely = new Set(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'])

/** `text`, a slot in JSON, as far as it has to be the same for both twins; only the clock and the order of keys are left out. */
export function toComparable(command: TwinCommand, text: string): string {
  const name = nameOf(command)
  if (timely.has(name)) return text.replace(/\d{4,}/, 'later')
  if (name === 'XINFO') return text.replace(/("(?:idle|inactive|aWRsZQ==|aW5hY3RpdmU=)"),-?\d+/g, '$1,n')
  if (name === 'XPENDING') return text.replace(/,\d+,(\d+)]/g, ',n,$1]')
  if (name === 'DUMP') return text.replace(/:".*/, ':"bytes"}')
  if (!unordered.has(name) || !text.startsWith('{"result":[')) return text
  const { result } = JSON.parse(text) as { result: [string, string[]] | string[] }
  return JSON.stringify(name === 'SCAN' ? [result[0], [...(result[1] ?? [])].sort()] : [...result].sort())
}
