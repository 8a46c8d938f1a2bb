import { StoreReplyError, StoreUnavailableError } from '../errors.ts'
import { type Script, toKeyLocking } from './lua/script.ts'

/** One Redis command: its name and arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]]

/** What a Redis protocol offers to the store above it: commands on one database, in whatever way they travel. */
export interface Commands {
  /**
   * Sends one command. Rejects with StoreUnavailableError or StoreReplyError, whose messages hold no argument. One that `follows` is run after the one sent before it in the same tick,
   * where both go to one server.
   */
  send(command: Command, follows?: boolean): Promise<unknown>
  /** Calls `run` at the end of this tick, just before the commands of the tick leave. */
  atTickEnd(run: () => void): void
  /** Whether a command leaves when it is sent, and not at the end of the tick. */
  readonly sendsAtOnce?: boolean
  /** The slot of a key, on a cluster: a command may name keys of one slot only. */
  readonly slotOf?: (key: string) => number
  /** The master that has a slot, on a cluster; undefined where the client does not say. */
  readonly nodeOf?: (slot: number) => string | undefined
  /** Ways to send a command to each master, on a cluster; undefined for one that is away. */
  readonly masters?: () => Promise<readonly (((command: Command) => Promise<unknown>) | undefined)[]>
  /** What the client puts before every key that it sends, and that keys which the server lists begin with. */
  readonly keyPrefix?: string
  /** Where scripts may carry Upstash's flag for locking their keys alone: whether this server takes it, found out by the first script. Absent: no flag is sent. */
  readonly keyLocking?: { state: 'untried' | 'accepted' | 'rejected' }
}

/** The error codes with which a server says that it cannot serve now, rather than that the command is wrong. */
const UNAVAILABLE = new Set([
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'READONLY',
  'OOM',
  'NOREPLICAS',
  'MISCONF',
  'BUSY',
])

/** An error reply of the server. Carries its code alone: the rest of the text may quote arguments. */
class ReplyError extends StoreReplyError {
  readonly reply: string

  constructor(operation: string, reply: string) {
    super(`Cannot ${operation}: the store answered ${reply}`)
    this.reply = reply
  }
}

/** Converts the text of an error reply to the error that the store above raises. */
export function toReplyError(operation: string, text: string): Error {
  const code = /^-?([A-Z][A-Z0-9_]*)\b/.exec(text)?.[1] ?? 'ERR'
  if (!UNAVAILABLE.has(code)) return new ReplyError(operation, code)
  return new StoreUnavailableError(`Cannot ${operation}: the store answered ${code}`)
}

/**
 * Runs a script by its SHA-1, and by its source where the server does not know it yet: NOSCRIPT says that nothing was run. Where the flag for key locking is untried, the first
 * script is sent with it; a server that does not know the flag rejects the script before it runs, and gets it without.
 */
export async function runScript(
  commands: Commands,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const { keyLocking } = commands
  if (!keyLocking || keyLocking.state === 'rejected') return runText(commands, script, keys, args)
  try {
    const reply = await runText(commands, toKeyLocking(script), keys, args)
    keyLocking.state = 'accepted'
    return reply
  } catch (error) {
    if (keyLocking.state === 'accepted' || !isReply(error, 'ERR')) throw error
    keyLocking.state = 'rejected'
    return runText(commands, script, keys, args)
  }
}

async function runText(
  commands: Commands,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const sha = script.sha ?? (await script.ready())
  try {
    return await commands.send(['EVALSHA', sha, keys.length, ...keys, ...args])
  } catch (error) {
    if (!isReply(error, 'NOSCRIPT')) throw error
    return commands.send(['EVAL', script.source, keys.length, ...keys, ...args])
  }
}

function isReply(error: unknown, code: string): boolean {
  return error instanceof ReplyError && error.reply === code
}
