import { decodeFrame, encodeFrame } from '../engine/frame.ts'
import type { Outcome, Reply } from '../engine/reply.ts'
import type { Adapted } from './adapt-command.ts'
import type { Command, Parsed } from './command.ts'
import type { CommandTable } from './command-table.ts'
import { findKeys } from './find-keys.ts'

type Argument = string | Buffer

/** Without keys, and harmless to others. */
const keyless = new Set(['PING', 'ECHO', 'TIME', 'COMMAND', 'LOLWUT'])

/** A script or function can touch keys that it does not declare. */
const scripts = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO', 'SCRIPT', 'FUNCTION'])

function escapeGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]^-]/g, '\\$&')
}

function prepend(prefix: string, argument: Argument): Argument {
  return typeof argument === 'string' ? prefix + argument : Buffer.concat([Buffer.from(prefix), argument])
}

function refuse(command: Command, reason: string): Parsed<Adapted> {
  const name = command.name.slice(0, 64).toLowerCase()
  return { kind: 'invalid', message: `NOPERM this token has no permissions to run the '${name}' command: ${reason}` }
}

/** The command with its MATCH patterns inside the prefix; undefined when it has an option that is not known here. */
function confineScan(prefix: string, command: Command): Command | undefined {
  const args = [...command.args]
  let hasMatch = false
  for (let index = 1; index < args.length; index += 2) {
    const option = args[index]?.toString().toUpperCase()
    const value = args[index + 1]
    if (option === 'WITHTYPE') {
      index -= 1
      continue
    }
    if (option !== 'MATCH' && option !== 'COUNT' && option !== 'TYPE') return undefined
    if (option !== 'MATCH' || value === undefined) continue
    args[index + 1] = prepend(escapeGlob(prefix), value)
    hasMatch = true
  }
  return { name: command.name, args: hasMatch ? args : [...args, 'MATCH', `${escapeGlob(prefix)}*`] }
}

/**
 * Keeps commands inside the keys that start with `prefix`: puts it before every key of a command, and takes it off where replies
 * name keys. Refuses whatever has no keys, or keys that cannot be told for sure.
 */
export function createKeyPrefix(prefix: string): (table: CommandTable, command: Command) => Parsed<Adapted> {
  const strip = (reply: Reply | undefined): Reply => {
    if (!Buffer.isBuffer(reply)) return reply ?? null
    const start = Buffer.byteLength(prefix)
    return reply.subarray(0, start).toString() === prefix ? reply.subarray(start) : reply
  }
  const stripEach = (reply: Reply | undefined): Reply => (Array.isArray(reply) ? reply.map(strip) : (reply ?? null))
  const stripFirst = (reply: Reply | undefined): Reply =>
    Array.isArray(reply) ? [strip(reply[0]), ...reply.slice(1)] : (reply ?? null)

  const stripStreams = (reply: Reply): Reply => (Array.isArray(reply) ? reply.map(stripFirst) : reply)

  /** How the prefix is taken off the replies that name keys. */
  const strippers: ReadonlyMap<string, (reply: Reply) => Reply> = new Map<string, (reply: Reply) => Reply>([
    ['KEYS', stripEach],
    ['SCAN', (reply) => (Array.isArray(reply) ? [reply[0] ?? null, stripEach(reply[1])] : reply)],
    ['LMPOP', stripFirst],
    ['ZMPOP', stripFirst],
    ['XREAD', stripStreams],
    ['XREADGROUP', stripStreams],
  ])

  const adapted = (name: string, command: Command): Parsed<Adapted> => {
    const stripper = strippers.get(name)
    if (stripper === undefined) return { kind: 'parsed', value: { command } }
    const toOutcome = (outcome: Outcome): Outcome =>
      outcome.kind === 'reply' ? { kind: 'reply', frame: encodeFrame(stripper(decodeFrame(outcome.frame))) } : outcome
    return { kind: 'parsed', value: { command, toOutcome } }
  }

  return (table, command) => {
    const name = command.name.toUpperCase()
    if (keyless.has(name)) return { kind: 'parsed', value: { command } }
    if (scripts.has(name)) return refuse(command, 'a script could reach beyond its key prefix')
    if (name === 'KEYS') {
      const args = command.args.map((pattern) => prepend(escapeGlob(prefix), pattern))
      return adapted(name, { name: command.name, args })
    }
    if (name === 'SCAN') {
      const confined = confineScan(prefix, command)
      return confined === undefined ? refuse(command, 'an option is not known here') : adapted(name, confined)
    }
    const indexes = findKeys(table, command)
    if (indexes === undefined) return refuse(command, 'its keys cannot be told for sure')
    if (indexes.length === 0) return refuse(command, 'it reaches beyond its key prefix')
    const keys = new Set(indexes)
    const args = command.args.map((argument, index) => (keys.has(index) ? prepend(prefix, argument) : argument))
    return adapted(name, { name: command.name, args })
  }
}
