import { decodeFrame, encodeFrame, mapItems, types } from '../engine/frame.ts'
import type { Outcome } from '../engine/reply.ts'
import { type Adapted, findWithType } from './adapt-command.ts'
import type { Command, Parsed } from './command.ts'
import type { CommandTable } from './command-table.ts'
import { findKeys } from './find-keys.ts'
import { isPatternScript } from './pattern-script.ts'
import { createPrefix, type Prefix } from './prefix.ts'

type Argument = string | Buffer

/** Without keys, and harmless to others. */
const keyless = new Set(['PING', 'ECHO', 'TIME', 'COMMAND', 'LOLWUT'])

/** May have no keys; what they touch beyond those that they declare is left to the token's own user in Redis. */
const scripts = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO'])
const allowedSubcommands: ReadonlyMap<string, readonly string[]> = new Map([
  ['SCRIPT', ['LOAD', 'EXISTS']],
  ['PUBSUB', ['CHANNELS', 'NUMSUB', 'SHARDCHANNELS', 'SHARDNUMSUB']],
])

function withArguments({ name, args }: Command, change: (argument: Argument, index: number) => Argument): Command {
  return { name, args: args.map(change) }
}

function refuse(command: Command, reason: string): Parsed<Adapted> {
  const name = command.name.slice(0, 64).toLowerCase()
  return { kind: 'invalid', message: `NOPERM this token has no permissions to run the '${name}' command: ${reason}` }
}

/** The command with its MATCH patterns inside the prefix; undefined when it has an option that is not known here. */
function confineScan(prefix: Prefix, command: Command): Command | undefined {
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
    args[index + 1] = prefix.putPattern(value)
    hasMatch = true
  }
  return { name: command.name, args: hasMatch ? args : [...args, 'MATCH', prefix.putPattern('*')] }
}

/**
 * Keeps commands inside the keys that start with `prefix`: puts it before every key of a command, and takes it off where replies
 * name keys. Refuses whatever has no keys, or keys that cannot be told for sure.
 */
export function createKeyPrefix(text: string): (table: CommandTable, command: Command) => Parsed<Adapted> {
  const prefix = createPrefix(text)
  /** Of frames, so that the rest of a reply stays as Redis sent it. */
  const strip = (frame: Buffer): Buffer =>
    frame[0] === types.bulk ? encodeFrame(prefix.takeOff(decodeFrame(frame))) : frame
  const stripEach = (frame: Buffer): Buffer => mapItems(frame, strip)
  const stripFirst = (frame: Buffer): Buffer => mapItems(frame, (item, index) => (index === 0 ? strip(item) : item))
  const stripStreams = (frame: Buffer): Buffer => mapItems(frame, stripFirst)

  /** How the prefix is taken off the replies that name keys. */
  const strippers: ReadonlyMap<string, (frame: Buffer) => Buffer> = new Map([
    ['KEYS', stripEach],
    ['LMPOP', stripFirst],
    ['ZMPOP', stripFirst],
    ['XREAD', stripStreams],
    ['XREADGROUP', stripStreams],
    ['PUBSUB', stripEach],
  ])

  /** With types, every second item is one, and a type may begin as the prefix does. */
  const stripScan =
    (hasTypes: boolean) =>
    (frame: Buffer): Buffer => {
      const stripKeys = (item: Buffer, index: number): Buffer => (hasTypes && index % 2 === 1 ? item : strip(item))
      return mapItems(frame, (part, index) => (index === 1 ? mapItems(part, stripKeys) : part))
    }

  const adapted = (name: string, command: Command, stripper = strippers.get(name)): Parsed<Adapted> => {
    if (stripper === undefined) return { kind: 'parsed', value: { command } }
    const toOutcome = (outcome: Outcome): Outcome =>
      outcome.kind === 'reply' ? { kind: 'reply', frame: stripper(outcome.frame) } : outcome
    return { kind: 'parsed', value: { command, toOutcome } }
  }

  const isNumbers = (subcommand: string): boolean => subcommand.endsWith('NUMSUB')
  /** Of CHANNELS one pattern, everything when there is none; of NUMSUB channels. */
  const confinePubsub = (command: Command, subcommand: string): Command => {
    if (isNumbers(subcommand)) {
      return withArguments(command, (argument, index) => (index === 0 ? argument : prefix.put(argument)))
    }
    const [first = subcommand, pattern = '*', ...rest] = command.args
    return { name: command.name, args: [first, prefix.putPattern(pattern), ...rest] }
  }

  const confineSubcommand = (name: string, command: Command): Parsed<Adapted> => {
    const subcommand = command.args[0]?.toString().toUpperCase() ?? ''
    if (allowedSubcommands.get(name)?.includes(subcommand) !== true) {
      return refuse(command, `only ${allowedSubcommands.get(name)?.join(' and ')} stay inside its key prefix`)
    }
    return name === 'SCRIPT'
      ? { kind: 'parsed', value: { command } }
      : adapted(name, confinePubsub(command, subcommand))
  }

  const confineKeys = (table: CommandTable, name: string, command: Command): Parsed<Adapted> => {
    const indexes = findKeys(table, command)
    if (indexes === undefined) return refuse(command, 'its keys cannot be told for sure')
    if (indexes.length === 0 && !scripts.has(name)) return refuse(command, 'it reaches beyond its key prefix')
    const keys = new Set(indexes)
    const change = isPatternScript(name, command) ? prefix.putPattern : prefix.put
    return adapted(
      name,
      withArguments(command, (argument, index) => (keys.has(index) ? change(argument) : argument)),
    )
  }

  return (table, command) => {
    const name = command.name.toUpperCase()
    if (keyless.has(name)) return { kind: 'parsed', value: { command } }
    if (allowedSubcommands.has(name)) return confineSubcommand(name, command)
    switch (name) {
      case 'PUBLISH':
      case 'SPUBLISH':
        return adapted(
          name,
          withArguments(command, (argument, index) => (index === 0 ? prefix.put(argument) : argument)),
        )
      case 'KEYS':
        return adapted(
          name,
          withArguments(command, (pattern) => prefix.putPattern(pattern)),
        )
      case 'SCAN': {
        const confined = confineScan(prefix, command)
        if (confined === undefined) return refuse(command, 'an option is not known here')
        return adapted(name, confined, stripScan(findWithType(confined) !== -1))
      }
      default:
        return confineKeys(table, name, command)
    }
  }
}
