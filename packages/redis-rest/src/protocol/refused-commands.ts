import type { Command } from './command.ts'
import { findStreamOptions } from './find-keys.ts'
import { toWord } from './to-word.ts'

const reasons = {
  subscribe: 'it would turn the connection that all requests share into a subscriber',
  blocking: 'it would make all requests wait on the shared connection',
  connection: 'it would change the connection that all requests share',
  transaction: 'send the commands of a transaction to /multi-exec',
  server: 'it concerns the server, not the data',
  database: 'it reaches beyond the database of this endpoint',
} as const

type Reason = keyof typeof reasons

const refused: ReadonlyMap<string, Reason> = new Map<string, Reason>(
  Object.entries({
    subscribe: 'SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR',
    blocking: 'BLPOP BRPOP BRPOPLPUSH BLMOVE BLMOVEM BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF',
    // Redis takes POST for an attack over HTTP and drops the connection.
    connection: 'AUTH HELLO SELECT QUIT RESET ASKING READONLY READWRITE POST',
    transaction: 'MULTI EXEC DISCARD WATCH UNWATCH',
    server:
      'SHUTDOWN DEBUG CONFIG REPLICAOF SLAVEOF FAILOVER SYNC PSYNC REPLCONF SAVE BGSAVE BGREWRITEAOF MODULE ACL CLUSTER PFDEBUG PFSELFTEST RESTORE-ASKING SENTINEL',
    database: 'SWAPDB MOVE MIGRATE',
  } satisfies Record<Reason, string>).flatMap(([reason, names]) =>
    names.split(' ').map((name): [string, Reason] => [name, reason as Reason]),
  ),
)

/** The only subcommands that are allowed, for commands of which most would poison the connection. */
const allowedSubcommands: ReadonlyMap<string, readonly string[]> = new Map([
  ['CLIENT', ['ID', 'INFO', 'GETNAME', 'LIST', 'SETINFO', 'HELP']],
  ['SCRIPT', ['LOAD', 'EXISTS', 'FLUSH', 'KILL', 'HELP']],
])

function argumentText(command: Command, index: number): string {
  const argument = command.args[index]
  return argument === undefined ? '' : argument.toString().toUpperCase()
}

/** With an option that is not known here, such as one of a newer Redis, a BLOCK anywhere counts. */
function isBlocking(command: Command): boolean {
  const options = findStreamOptions(command) ?? command.args.keys()
  return [...options].some((index) => toWord(command.args[index]) === 'BLOCK')
}

function findReason(name: string, command: Command): [string, Reason] | undefined {
  const reason = refused.get(name)
  if (reason !== undefined) return [name, reason]
  const subcommands = allowedSubcommands.get(name)
  const subcommand = argumentText(command, 0)
  if (subcommands !== undefined && subcommand !== '' && !subcommands.includes(subcommand)) {
    return [`${name} ${subcommand.slice(0, 32)}`, 'connection']
  }
  if ((name === 'XREAD' || name === 'XREADGROUP') && isBlocking(command)) {
    return [`${name} BLOCK`, 'blocking']
  }
  if (name === 'COPY' && command.args.slice(2).some((argument) => toWord(argument) === 'DB')) {
    return ['COPY DB', 'database']
  }
  return undefined
}

/** Commands that are refused or not by their arguments. */
const conditional = new Set([...allowedSubcommands.keys(), 'XREAD', 'XREADGROUP', 'COPY'])

/** Names as clients write them that may always run, so that the usual case is one look-up. */
const free = new Set<string>()
const maxFree = 1_000
const maxFreeLength = 32

/**
 * Why a command may not run here, as an error message in the style of Redis, or undefined when it may: commands that would
 * poison the shared connection, stop the server or leave the database are refused.
 */
export function findRefusal(command: Command): string | undefined {
  if (free.has(command.name)) return undefined
  const name = command.name.toUpperCase()
  if (!/^[A-Z][A-Z0-9._|-]*$/.test(name)) return `ERR unknown command '${command.name.slice(0, 128)}'`
  const found = findReason(name, command)
  if (found !== undefined) return `ERR '${found[0]}' is not available here: ${reasons[found[1]]}`
  if (!conditional.has(name) && name.length <= maxFreeLength && free.size < maxFree) free.add(command.name)
  return undefined
}
