import { createHash } from 'node:crypto'
import type { Reply } from '../engine/reply.ts'
import type { Command } from './command.ts'

const flag = 'allow-key-locking'

/** How many rewritten scripts are remembered. One that is forgotten answers NOSCRIPT, and clients send it again. */
const maxRemembered = 1_000

function sha1(script: string | Buffer): string {
  return createHash('sha1').update(script).digest('hex')
}

function dropFlag(word: string): string[] {
  if (!word.startsWith('flags=')) return [word]
  const left = word
    .slice('flags='.length)
    .split(',')
    .filter((name) => name !== flag && name !== '')
  return left.length === 0 ? [] : [`flags=${left.join(',')}`]
}

/**
 * The script without `allow-key-locking` in its first line, a flag of Upstash that Redis and Valkey reject. The line itself
 * stays, empty when nothing else was in it, so that line numbers in error messages are right. Other scripts come back as they are.
 */
export function stripKeyLocking(script: string): string {
  if (!script.startsWith('#!lua')) return script
  const end = script.indexOf('\n')
  const line = end === -1 ? script : script.slice(0, end)
  if (!line.includes(flag)) return script
  const words = line
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap(dropFlag)
  const rest = end === -1 ? '' : script.slice(end)
  return words.length === 1 ? rest : words.join(' ') + rest
}

/** A command as Redis should get it, and how its reply reads to the client. */
export interface Rewritten {
  readonly command: Command
  toReply(reply: Reply): Reply
}

/** Lets scripts with Upstash's `allow-key-locking` run on any Redis. */
export interface ScriptFlags {
  rewrite(command: Command): Rewritten
}

function sameReply(reply: Reply): Reply {
  return reply
}

/**
 * EVAL, EVAL_RO and SCRIPT LOAD lose the flag. Since that changes the script's SHA1, the pair of both is remembered: EVALSHA and
 * SCRIPT EXISTS accept the SHA1 of what the client wrote, and SCRIPT LOAD answers with it.
 */
export function createScriptFlags(): ScriptFlags {
  const shaInRedis = new Map<string, string>()

  const remember = (original: string, stripped: string): void => {
    shaInRedis.delete(original)
    shaInRedis.set(original, stripped)
    const oldest = shaInRedis.keys().next()
    if (shaInRedis.size > maxRemembered && !oldest.done) shaInRedis.delete(oldest.value)
  }

  const mapSha = (argument: string | Buffer): string | Buffer =>
    shaInRedis.get(argument.toString().toLowerCase()) ?? argument

  const rewriteScript = (command: Command, index: number): Rewritten => {
    const script = command.args[index]
    const text = script?.toString() ?? ''
    const stripped = stripKeyLocking(text)
    if (script === undefined || stripped === text) return { command, toReply: sameReply }
    const original = sha1(script)
    remember(original, sha1(stripped))
    const isLoad = command.name.toUpperCase() === 'SCRIPT'
    return {
      command: { name: command.name, args: command.args.with(index, stripped) },
      toReply: (reply) => (isLoad && Buffer.isBuffer(reply) ? Buffer.from(original) : reply),
    }
  }

  const rewriteShas = (command: Command, from: number, to?: number): Rewritten => {
    const args = command.args.map((argument, index) =>
      index >= from && index < (to ?? command.args.length) ? mapSha(argument) : argument,
    )
    return { command: { name: command.name, args }, toReply: sameReply }
  }

  const rewrite = (command: Command): Rewritten => {
    switch (command.name.toUpperCase()) {
      case 'EVAL':
      case 'EVAL_RO':
        return rewriteScript(command, 0)
      case 'EVALSHA':
      case 'EVALSHA_RO':
        return rewriteShas(command, 0, 1)
      case 'SCRIPT': {
        const subcommand = command.args[0]?.toString().toUpperCase()
        if (subcommand === 'LOAD') return rewriteScript(command, 1)
        return subcommand === 'EXISTS' ? rewriteShas(command, 1) : { command, toReply: sameReply }
      }
      default:
        return { command, toReply: sameReply }
    }
  }

  return { rewrite }
}
