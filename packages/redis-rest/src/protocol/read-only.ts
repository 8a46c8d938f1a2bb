import type { Command } from './command.ts'
import { type CommandTable, findInfo } from './command-table.ts'

/** They read no key, or, for SCAN and its like, more than a token that is shown to the public should. */
const alwaysAllowed = new Set(['PING', 'ECHO', 'TIME'])
const neverAllowed = new Set(['SCAN', 'KEYS', 'RANDOMKEY', 'DBSIZE', 'EVAL_RO', 'EVALSHA_RO', 'FCALL_RO'])

/** Why a read-only token may not run `command`, or undefined when it may. */
export function findWrite(table: CommandTable, command: Command): string | undefined {
  const name = command.name.toUpperCase()
  if (alwaysAllowed.has(name)) return undefined
  const info = findInfo(table, command)
  if (info === undefined) return `ERR unknown command '${command.name.slice(0, 128)}'`
  if (info.isReadOnly && !neverAllowed.has(name)) return undefined
  return `NOPERM this token has no permissions to run the '${name.toLowerCase()}' command: it is read-only`
}
