import type { Outcome } from '../engine/reply.ts'
import type { Command } from './command.ts'
import type { ScriptFlags } from './script-flags.ts'

/** A command as Redis should get it, and what the client gets for the outcome; without `toOutcome` the outcome itself. */
export interface Adapted {
  readonly command: Command
  readonly toOutcome?: ((outcome: Outcome) => Outcome) | undefined
}

/** Turns a command in the dialect of Upstash into one that any Redis understands. `name` is its name in capitals. */
export type AdaptCommand = (name: string, command: Command) => Adapted

/** One round trip, and atomic, so that it works inside a transaction too. */
export const scanWithTypes = `local reply = redis.call('SCAN', unpack(ARGV))
local typed = {}
for _, key in ipairs(reply[2]) do
  typed[#typed + 1] = key
  typed[#typed + 1] = redis.call('TYPE', key)['ok']
end
return {reply[1], typed}`

function words(command: Command): string[] {
  return command.args.map((argument) => argument.toString().toUpperCase())
}

/** Where a SCAN has its option WITHTYPE, or -1. */
export function findWithType(command: Command): number {
  return words(command).findIndex((word, index, all) => {
    const before = all[index - 1]
    return index > 0 && word === 'WITHTYPE' && before !== 'MATCH' && before !== 'COUNT' && before !== 'TYPE'
  })
}

/** `SCAN … WITHTYPE` answers with each key followed by its type. Redis has no such option. */
function adaptScan(command: Command): Adapted {
  const at = findWithType(command)
  if (at === -1) return { command }
  return { command: { name: 'EVAL', args: [scanWithTypes, '0', ...command.args.toSpliced(at, 1)] } }
}

const sameObjects = 'ERR source and destination objects are the same'

/** Redis refuses COPY of a key onto itself; on Upstash nothing is copied, and the answer is 0. */
function toCopied(outcome: Outcome): Outcome {
  const isSame = outcome.kind === 'error' && outcome.message === sameObjects
  return isSame ? { kind: 'reply', frame: Buffer.from(':0\r\n') } : outcome
}

/** `XTRIM key MAXLEN ~ n` leaves up to a node (100 entries) more in Redis and next to none on Upstash. */
function adaptTrim(command: Command): Adapted {
  const all = words(command)
  if (all[2] !== '~' || all.length > 4) return { command }
  return { command: { name: command.name, args: command.args.with(2, '=') } }
}

const ok: Outcome = { kind: 'reply', frame: Buffer.from('+OK\r\n') }

/** CLIENT SETINFO names the library of a connection; here all share one, which keeps its name, and engines before 7.2 lack it. */
function adaptClient(command: Command): Adapted {
  const [subcommand, attribute] = words(command)
  const isSetInfo = subcommand === 'SETINFO' && (attribute === 'LIB-NAME' || attribute === 'LIB-VER')
  if (!isSetInfo || command.args.length !== 3) return { command }
  return {
    command: { name: 'PING', args: [] },
    toOutcome: (outcome) => (outcome.kind === 'reply' ? ok : outcome),
  }
}

export function createAdaptCommand(scripts: ScriptFlags): AdaptCommand {
  return (name, command) => {
    switch (name) {
      case 'SCAN':
        return adaptScan(command)
      case 'COPY':
        return { command, toOutcome: toCopied }
      case 'CLIENT':
        return adaptClient(command)
      case 'XTRIM':
        return adaptTrim(command)
      default:
        return scripts.rewrite(name, command)
    }
  }
}
