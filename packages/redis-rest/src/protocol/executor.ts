import type { Engine } from '../engine/engine.ts'
import { encodeFrame, readError, splitArray } from '../engine/frame.ts'
import type { Outcome } from '../engine/reply.ts'
import type { ReplyShare } from '../engine/reply-bytes.ts'
import type { Adapted } from './adapt-command.ts'
import { type Answer, errorAnswer } from './answer.ts'
import type { Command, Parsed } from './command.ts'
import { type Encoding, encodeError, encodeResult } from './encode.ts'

/** How an answer is written, and where the replies that it holds are counted. */
export interface AnswerOptions {
  readonly encoding: Encoding
  readonly replies: ReplyShare
}

/** Runs parsed requests and writes their answers. */
export interface Executor {
  /** One command: 200 with `{result}`, 400 with `{error}`. */
  single(command: Command, options: AnswerOptions): Promise<Answer>
  /** Commands in order, not atomic: 200 with one `{result}` or `{error}` each. */
  pipeline(commands: readonly Command[], options: AnswerOptions): Promise<Answer>
  /**
   * Commands as one transaction: 200 with one slot each, or 400 with a single `{error}` when it was discarded as a whole. Always
   * JSON.
   */
  transaction(commands: readonly Command[], options: AnswerOptions): Promise<Answer>
}

const unavailable = { 'retry-after': '1' }
const noOutcome: Outcome = { kind: 'unavailable', message: 'ERR the engine gave no outcome' }

function toFrame(outcome: Outcome): Buffer {
  if (outcome.kind === 'reply') return outcome.frame
  const sent = outcome.kind === 'error' ? outcome.frame : undefined
  return sent ?? encodeFrame(new Error(outcome.message))
}

function toSlots(outcomes: readonly Outcome[], encoding: 'text' | 'base64'): string {
  let slots = ''
  for (const outcome of outcomes) {
    const slot = outcome.kind === 'reply' ? encodeResult(outcome.frame, encoding) : encodeError(outcome.message)
    slots += slots === '' ? slot : `,${slot}`
  }
  return `[${slots}]`
}

function toAnswer(outcome: Outcome, encoding: Encoding): Answer {
  switch (outcome.kind) {
    case 'reply':
      return { status: 200, body: encoding === 'resp2' ? outcome.frame : encodeResult(outcome.frame, encoding) }
    case 'error':
      return encoding === 'resp2' ? { status: 400, body: toFrame(outcome) } : errorAnswer(400, outcome.message)
    case 'unavailable':
      return errorAnswer(503, outcome.message, unavailable)
    default:
      return outcome satisfies never
  }
}

/** Redis names the reason of a discarded transaction only in the replies to its commands; the client gets one message. */
function discardedAnswer(execMessage: string, queued: readonly Outcome[]): Answer {
  const reason = queued.find((outcome) => outcome.kind === 'error')?.message
  const isKnown = execMessage.startsWith('EXECABORT') && reason !== undefined
  return errorAnswer(400, isKnown ? `EXECABORT Transaction discarded because of: ${reason}` : execMessage)
}

function restore(outcome: Outcome, adapted: Adapted | undefined): Outcome {
  return adapted?.toOutcome === undefined ? outcome : adapted.toOutcome(outcome)
}

/** Redis has come to refuse MULTI, after the connection was made, and took each command by itself. */
function unboundAnswer(message: string): Answer {
  return errorAnswer(400, `${message}: the commands may have run one by one, outside of a transaction`)
}

/** How Redis should get a command, or why it may not run. */
export type Prepare = (command: Command) => Parsed<Adapted>

export interface ExecutorOptions {
  readonly engine: Engine
  readonly prepare: Prepare
}

export function createExecutor({ engine, prepare }: ExecutorOptions): Executor {
  const single: Executor['single'] = async (command, { encoding, replies }) => {
    const prepared = prepare(command)
    if (prepared.kind === 'invalid') return toAnswer({ kind: 'error', message: prepared.message }, encoding)
    const [outcome = noOutcome] = await engine.send([prepared.value.command], replies)
    return toAnswer(restore(outcome, prepared.value), encoding)
  }

  const pipeline: Executor['pipeline'] = async (commands, { encoding, replies }) => {
    const prepared = commands.map(prepare)
    const ready: Command[] = []
    for (const one of prepared) if (one.kind === 'parsed') ready.push(one.value.command)
    const ran = await engine.send(ready, replies)
    const [first] = ran
    if (first?.kind === 'unavailable' && ran.every((outcome) => outcome.kind === 'unavailable')) {
      return toAnswer(first, encoding)
    }
    let next = 0
    const outcomes = prepared.map((one): Outcome => {
      if (one.kind === 'invalid') return { kind: 'error', message: one.message }
      next += 1
      return restore(ran[next - 1] ?? noOutcome, one.value)
    })
    if (encoding === 'resp2') return { status: 200, body: Buffer.concat(outcomes.map(toFrame)) }
    return { status: 200, body: toSlots(outcomes, encoding) }
  }

  const transaction: Executor['transaction'] = async (commands, { encoding: format, replies }) => {
    const encoding = format === 'resp2' ? 'text' : format
    const prepared = commands.map(prepare)
    const refusal = prepared.find((one) => one.kind === 'invalid')
    if (refusal !== undefined) return errorAnswer(400, refusal.message)
    const adapted = prepared.flatMap((one) => (one.kind === 'parsed' ? [one.value] : []))
    const inner = adapted.map(({ command }) => command)
    const outcomes = await engine.send([{ name: 'MULTI', args: [] }, ...inner, { name: 'EXEC', args: [] }], replies)
    const exec = outcomes.at(-1) ?? noOutcome
    if (exec.kind === 'unavailable') return toAnswer(exec, encoding)
    const [begun] = outcomes
    if (begun?.kind === 'error' && begun.frame !== undefined) return unboundAnswer(begun.message)
    if (exec.kind === 'error') {
      const cut = outcomes.find((outcome) => outcome.kind === 'unavailable')
      return cut === undefined ? discardedAnswer(exec.message, outcomes.slice(0, -1)) : toAnswer(cut, encoding)
    }
    const frames = splitArray(exec.frame)
    if (frames === undefined) return errorAnswer(400, 'EXECABORT Transaction discarded')
    const slots = frames.map((frame, index): Outcome => {
      const message = readError(frame)
      return restore(message === undefined ? { kind: 'reply', frame } : { kind: 'error', message }, adapted[index])
    })
    return { status: 200, body: toSlots(slots, encoding) }
  }

  return { single, pipeline, transaction }
}
