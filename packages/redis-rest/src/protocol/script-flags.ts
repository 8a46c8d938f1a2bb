import { createHash } from 'node:crypto'
import { decodeFrame, encodeFrame } from '../engine/frame.ts'
import type { Outcome } from '../engine/reply.ts'
import type { Adapted } from './adapt-command.ts'
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

/** Lets scripts with Upstash's `allow-key-locking` run on any Redis. */
export interface ScriptFlags {
  /** `name` is the command's name in capitals. */
  rewrite(name: string, command: Command): Adapted
}

const flagsTable = /\bflags\s*=\s*\{[^}]*\}/g
const flagInTable = /(['"])allow-key-locking\1\s*[,;]?/g

/**
 * The source of a library without `allow-key-locking` in its first line and in the `flags` table of a function. White space
 * before the first line is taken off, which Upstash allows and Redis does not.
 */
export function stripLibraryLocking(source: string): string {
  const text = source.trimStart()
  if (!text.startsWith('#!')) return source
  const end = text.indexOf('\n')
  const line = end === -1 ? text : text.slice(0, end)
  const rest = end === -1 ? '' : text.slice(end)
  const words = line
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap(dropFlag)
  const header = line.includes(flag) ? words.join(' ') : line
  return header + rest.replace(flagsTable, (table) => table.replace(flagInTable, ''))
}

function rewriteLibrary(command: Command): Adapted {
  const last = command.args.length - 1
  const source = command.args[last]?.toString() ?? ''
  if (command.args[0]?.toString().toUpperCase() !== 'LOAD') return { command }
  const stripped = stripLibraryLocking(source)
  return stripped === source
    ? { command }
    : { command: { name: command.name, args: command.args.with(last, stripped) } }
}

/**
 * EVAL, EVAL_RO, SCRIPT LOAD and FUNCTION LOAD lose the flag. Since that changes the script's SHA1, the pair of both is remembered: EVALSHA and
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

  const rewriteScript = (command: Command, index: number, isLoad: boolean): Adapted => {
    const script = command.args[index]
    const text = script?.toString() ?? ''
    const stripped = stripKeyLocking(text)
    if (script === undefined || stripped === text) return { command }
    const original = sha1(script)
    remember(original, sha1(stripped))
    const rewritten = { name: command.name, args: command.args.with(index, stripped) }
    return isLoad ? { command: rewritten, toOutcome: (outcome) => withSha(outcome, original) } : { command: rewritten }
  }

  const rewriteShas = (command: Command, from: number, to: number): Command => {
    if (shaInRedis.size === 0) return command
    const args = command.args.map((argument, index) => (index >= from && index < to ? mapSha(argument) : argument))
    return { name: command.name, args }
  }

  const rewrite = (name: string, command: Command): Adapted => {
    switch (name) {
      case 'EVAL':
      case 'EVAL_RO':
        return rewriteScript(command, 0, false)
      case 'EVALSHA':
      case 'EVALSHA_RO':
        return { command: rewriteShas(command, 0, 1), toOutcome: toUpstashWords }
      case 'FUNCTION':
        return rewriteLibrary(command)
      case 'SCRIPT': {
        const subcommand = command.args[0]?.toString().toUpperCase()
        if (subcommand === 'LOAD') return rewriteScript(command, 1, true)
        return { command: subcommand === 'EXISTS' ? rewriteShas(command, 1, command.args.length) : command }
      }
      default:
        return { command }
    }
  }

  return { rewrite }
}

/** Redis answers SCRIPT LOAD with the SHA1 of what it got; the client gets that of what it wrote. */
function withSha(outcome: Outcome, original: string): Outcome {
  const isSha = outcome.kind === 'reply' && Buffer.isBuffer(decodeFrame(outcome.frame))
  return isSha ? { kind: 'reply', frame: encodeFrame(Buffer.from(original)) } : outcome
}

/** Valkey leaves out the second sentence of Redis and Upstash. */
function toUpstashWords(outcome: Outcome): Outcome {
  const isMissing = outcome.kind === 'error' && outcome.message.startsWith('NOSCRIPT ')
  return isMissing ? { kind: 'error', message: 'NOSCRIPT No matching script. Please use EVAL.' } : outcome
}
