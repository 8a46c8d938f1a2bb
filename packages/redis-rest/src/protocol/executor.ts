import type { Engine } from '../engine/engine.ts'
import type { Outcome, Reply } from '../engine/reply.ts'
import { type Answer, errorAnswer } from './answer.ts'
import type { Command } from './command.ts'
import { type Encoding, encodeError, encodeResult } from './encode.ts'
import { findRefusal } from './refused-commands.ts'
import type { ScriptFlags } from './script-flags.ts'

/** Runs parsed requests and writes their answers. */
export interface Executor {
  /** One command: 200 with `{result}`, 400 with `{error}`. */
  single(command: Command, encoding: Encoding): Promise<Answer>
  /** Commands in order, not atomic: 200 with one `{result}` or `{error}` each. */
  pipeline(commands: readonly Command[], encoding: Encoding): Promise<Answer>
  /** Commands as one transaction: 200 with one slot each, or 400 with a single `{error}` when it was discarded as a whole. */
  transaction(commands: readonly Command[], encoding: Encoding): Promise<Answer>
}

const unavailable = { 'retry-after': '1' }

function toSlot(outcome: Outcome, encoding: Encoding): string {
  return outcome.kind === 'reply' ? encodeResult(outcome.reply, encoding) : encodeError(outcome.message)
}

function toSlots(outcomes: readonly Outcome[], encoding: Encoding): string {
  return `[${outcomes.map((outcome) => toSlot(outcome, encoding)).join(',')}]`
}

function toAnswer(outcome: Outcome, encoding: Encoding): Answer {
  switch (outcome.kind) {
    case 'reply':
      return { status: 200, body: encodeResult(outcome.reply, encoding) }
    case 'error':
      return errorAnswer(400, outcome.message)
    case 'unavailable':
      return errorAnswer(503, outcome.message, unavailable)
    default:
      return outcome satisfies never
  }
}

function firstError(outcomes: readonly Outcome[]): string | undefined {
  return outcomes.find((outcome) => outcome.kind === 'error')?.message
}

/** Redis names the reason of a discarded transaction only in the replies to its commands; the client gets one message. */
function discardedAnswer(execMessage: string, queued: readonly Outcome[]): Answer {
  const reason = execMessage.startsWith('EXECABORT') ? firstError(queued) : undefined
  return errorAnswer(400, reason === undefined ? execMessage : `EXECABORT Transaction discarded because of: ${reason}`)
}

export function createExecutor(engine: Engine, scripts: ScriptFlags): Executor {
  const run = async (commands: readonly Command[]): Promise<readonly Outcome[]> => {
    const rewritten = commands.map((command) => scripts.rewrite(command))
    const outcomes = await engine.send(rewritten.map(({ command }) => command))
    return outcomes.map((outcome, index) => {
      const toReply = rewritten[index]?.toReply
      return outcome.kind === 'reply' && toReply !== undefined ? { ...outcome, reply: toReply(outcome.reply) } : outcome
    })
  }

  const single = async (command: Command, encoding: Encoding): Promise<Answer> => {
    const refusal = findRefusal(command)
    if (refusal !== undefined) return errorAnswer(400, refusal)
    const [outcome] = await run([command])
    return outcome === undefined ? errorAnswer(500, 'ERR the engine gave no outcome') : toAnswer(outcome, encoding)
  }

  const pipeline = async (commands: readonly Command[], encoding: Encoding): Promise<Answer> => {
    const refusals = commands.map(findRefusal)
    const ran = await run(commands.filter((_, index) => refusals[index] === undefined))
    const [first] = ran
    if (first?.kind === 'unavailable' && ran.every((outcome) => outcome.kind === 'unavailable')) {
      return toAnswer(first, encoding)
    }
    const remaining = ran.values()
    const outcomes = refusals.map((message): Outcome => {
      if (message !== undefined) return { kind: 'error', message }
      return remaining.next().value ?? { kind: 'unavailable', message: 'ERR the engine gave no outcome' }
    })
    return { status: 200, body: toSlots(outcomes, encoding) }
  }

  const transaction = async (commands: readonly Command[], encoding: Encoding): Promise<Answer> => {
    const refusal = commands.map(findRefusal).find((message) => message !== undefined)
    if (refusal !== undefined) return errorAnswer(400, refusal)
    const rewritten = commands.map((command) => scripts.rewrite(command))
    const inner = rewritten.map(({ command }) => command)
    const outcomes = await engine.send([{ name: 'MULTI', args: [] }, ...inner, { name: 'EXEC', args: [] }])
    const exec = outcomes.at(-1)
    if (exec === undefined || exec.kind === 'unavailable') return toAnswer(exec ?? lost, encoding)
    if (exec.kind === 'error') return discardedAnswer(exec.message, outcomes.slice(0, -1))
    if (!Array.isArray(exec.reply)) return errorAnswer(400, 'EXECABORT Transaction discarded')
    const slots = exec.reply.map((reply: Reply, index): Outcome => {
      if (reply instanceof Error) return { kind: 'error', message: reply.message }
      return { kind: 'reply', reply: rewritten[index]?.toReply(reply) ?? null }
    })
    return { status: 200, body: toSlots(slots, encoding) }
  }

  return { single, pipeline, transaction }
}

const lost: Outcome = { kind: 'unavailable', message: 'ERR the engine gave no outcome' }
