import { scanWithTypes } from '../protocol/adapt-command.ts'
import type { Command } from '../protocol/command.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import type { Outcome, Reply } from './reply.ts'

type Merge = (outcomes: readonly Outcome[]) => Outcome

const nothing: Outcome = { kind: 'unavailable', message: 'ERR the Redis Cluster has no nodes: the command did not run' }

function firstTrouble(outcomes: readonly Outcome[]): Outcome | undefined {
  return outcomes.find((outcome) => outcome.kind !== 'reply')
}

function replies(outcomes: readonly Outcome[]): Reply[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'reply' ? [decodeFrame(outcome.frame)] : []))
}

const first: Merge = (outcomes) => firstTrouble(outcomes) ?? outcomes[0] ?? nothing

const sum: Merge = (outcomes) => {
  const total = replies(outcomes).reduce<bigint>((left, reply) => left + BigInt(reply?.toString() ?? '0'), 0n)
  return firstTrouble(outcomes) ?? { kind: 'reply', frame: encodeFrame(String(total)) }
}

const join: Merge = (outcomes) =>
  firstTrouble(outcomes) ?? {
    kind: 'reply',
    frame: encodeFrame(replies(outcomes).flatMap((reply) => (Array.isArray(reply) ? [...reply] : []))),
  }

const everywhere: ReadonlyMap<string, Merge> = new Map([
  ['FLUSHALL', first],
  ['FLUSHDB', first],
  ['DBSIZE', sum],
  ['KEYS', join],
  ['SCRIPT LOAD', first],
  ['SCRIPT FLUSH', first],
  ['SCRIPT EXISTS', first],
  ['FUNCTION LOAD', first],
  ['FUNCTION DELETE', first],
  ['FUNCTION FLUSH', first],
  ['FUNCTION RESTORE', first],
])

/** For a command that every node of a cluster must run: how their outcomes become one. */
export function toEverywhere(command: Command): Merge | undefined {
  const name = command.name.toUpperCase()
  return everywhere.get(name) ?? everywhere.get(`${name} ${command.args[0]?.toString().toUpperCase()}`)
}

function cursorIndex(command: Command): number {
  return command.args[0] === scanWithTypes ? 2 : 0
}

/**
 * A scan goes through the nodes one after the other. The client's cursor is `cursor in the node × nodes + node`, so 0 begins and
 * ends it.
 */
export function readScanCursor(command: Command, nodes: number): { node: number; cursor: string } {
  const text = command.args[cursorIndex(command)]?.toString() ?? ''
  if (!/^\d{1,40}$/.test(text) || nodes === 0) return { node: 0, cursor: text }
  const cursor = BigInt(text)
  return { node: Number(cursor % BigInt(nodes)), cursor: String(cursor / BigInt(nodes)) }
}

/** The same scan with the cursor that one node understands. */
export function withScanCursor(command: Command, cursor: string): Command {
  return { name: command.name, args: command.args.with(cursorIndex(command), cursor) }
}

/** The reply of one node with the cursor that the client understands. */
export function toScanReply(outcome: Outcome, node: number, nodes: number): Outcome {
  const reply = outcome.kind === 'reply' ? decodeFrame(outcome.frame) : null
  if (!Array.isArray(reply)) return outcome
  const cursor = BigInt(reply[0]?.toString() ?? '0')
  const isLast = cursor === 0n && node === nodes - 1
  const next = cursor === 0n ? BigInt(node + 1) : cursor * BigInt(nodes) + BigInt(node)
  const frame = encodeFrame([Buffer.from(isLast ? '0' : String(next)), ...reply.slice(1)])
  return { kind: 'reply', frame }
}
