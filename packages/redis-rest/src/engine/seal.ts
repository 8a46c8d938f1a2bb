import { randomUUID } from 'node:crypto'
import type { Command } from '../protocol/command.ts'

/** A command at the end of a write, and the bytes of the only reply that Redis gives to it. */
export interface Seal {
  readonly command: Command
  readonly frame: Buffer
}

/**
 * What Redis does not keep line breaks out of the errors of, so that whoever wrote the script ends his reply early and makes up the
 * next: in the first line of a script (Redis from 7.0, Valkey), in what a script raises (Valkey 8.0), in FUNCTION LIST (Valkey).
 */
const splitting = new Set([
  ...['EVAL', 'EVAL_RO', 'EVALSHA', 'EVALSHA_RO', 'FCALL', 'FCALL_RO'],
  ...['SCRIPT', 'FUNCTION'],
])

/** SCRIPT KILL and FUNCTION KILL answer in fixed words, and are asked for while Redis answers nothing else. */
function isKill([first]: Command['args']): boolean {
  return first?.toString().toUpperCase() === 'KILL'
}

/** Whether a reply to one of the commands may arrive in several parts. */
export function maySplit(commands: readonly Command[]): boolean {
  return commands.some(({ name, args }) => splitting.has(name.toUpperCase()) && !isKill(args))
}

/** Both give back a word. PING is for users who may not ECHO: a Redis that cannot write to its disk refuses it while it still reads (MISCONF). */
export type SealName = 'ECHO' | 'PING'

/** When the reply after the last of a write is the seal's, which nobody could foresee, the replies before it are those of Redis. */
export function createSeal(name: SealName): Seal {
  const word = randomUUID()
  return { command: { name, args: [word] }, frame: Buffer.from(`$${word.length}\r\n${word}\r\n`) }
}
