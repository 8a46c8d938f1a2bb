import { scanWithTypes } from '../protocol/adapt-command.ts'
import type { Command } from '../protocol/command.ts'
import { type CommandTable, readCommandTable } from '../protocol/command-table.ts'
import { findKeys } from '../protocol/find-keys.ts'
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts'
import type { Engine } from './engine.ts'
import { readScanCursor, toEverywhere, toScanReply, withScanCursor } from './fan-out.ts'
import { decodeFrame } from './frame.ts'
import { toKeySlot } from './key-slot.ts'
import type { Outcome } from './reply.ts'
import type { ReplyShare } from './reply-bytes.ts'
import type { Target } from './target.ts'
import { type NodeAddress, readTopology, type Topology } from './topology.ts'

const maxRedirections = 5

const noSlot = {
  kind: 'unavailable',
  message: 'ERR the Redis Cluster is not complete: the command did not run',
} as const satisfies Outcome
const crossSlot: Outcome = { kind: 'error', message: "CROSSSLOT Keys in request don't hash to the same slot" }

/** Why a cluster cannot be used that does not say what it consists of. */
function toRefusal(what: string, outcome: Outcome | undefined): string {
  if (outcome?.kind !== 'error') return noSlot.message
  return `ERR Redis is a cluster and refused ${what} (${outcome.message}): the command did not run`
}

/** Commands for one node, and where their replies are counted. */
interface Batch {
  readonly commands: readonly Command[]
  readonly replies: ReplyShare | undefined
}

interface Redirection {
  readonly isAsk: boolean
  readonly address: NodeAddress
}

function readRedirection(outcome: Outcome | undefined, seedHost: string): Redirection | undefined {
  if (outcome?.kind !== 'error') return undefined
  const match = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(outcome.message)
  if (match === null) return undefined
  return { isAsk: match[1] === 'ASK', address: { host: match[2] || seedHost, port: Number(match[3]) } }
}

/** Whether a command concerns the nodes as such, not the node of its keys. */
function isEverywhere(command: Command): boolean {
  return (
    toEverywhere(command) !== undefined || command.name.toUpperCase() === 'SCAN' || command.args[0] === scanWithTypes
  )
}

export interface Cluster extends Engine {
  /** A node that answers now. */
  target(): Target
}

/**
 * Sends every command to the node that has its keys, and follows the cluster when slots move. Commands that one node gets stay
 * next to each other and in order; between nodes there is no order. `seed` is a connection to any node.
 */
export function createCluster(seed: Connection, options: ConnectionOptions): Cluster {
  const nodes = new Map<string, Connection>()
  /** A string says why it cannot be known. */
  let known: Promise<{ table: CommandTable; topology: Topology } | string> | undefined
  let loadedAt = Number.NEGATIVE_INFINITY

  const connectTo = ({ host, port }: NodeAddress): Connection => {
    const name = `${host} ${port}`
    const connection = nodes.get(name) ?? createConnection({ ...options, target: { ...options.target, host, port } })
    nodes.set(name, connection)
    return connection
  }
  const anyNode = (): Connection => [seed, ...nodes.values()].find((node) => node.trouble() === undefined) ?? seed

  const load = async () => {
    const [slots, commands] = await anyNode().send([
      { name: 'CLUSTER', args: ['SLOTS'] },
      { name: 'COMMAND', args: [] },
    ])
    if (slots?.kind !== 'reply') return toRefusal('CLUSTER SLOTS', slots)
    if (commands?.kind !== 'reply') return toRefusal('COMMAND', commands)
    const topology = readTopology(decodeFrame(slots.frame), options.target.host)
    await Promise.all(topology.masters.map((master) => connectTo(master).firstAttempt()))
    return { table: readCommandTable(decodeFrame(commands.frame)), topology }
  }
  /** Asked for again at most once a second; requests wait for it. */
  const reload = (): void => {
    if (performance.now() - loadedAt < 1_000) return
    loadedAt = performance.now()
    known = load()
  }

  /** Runs commands on one node as one batch, and follows redirections of a batch that did not run at all. */
  const runOn = async (node: Connection, batch: Batch, left: number): Promise<readonly Outcome[]> => {
    const { commands, replies } = batch
    await node.firstAttempt()
    const outcomes = await node.send(commands, replies)
    const isTransaction = commands[0]?.name === 'MULTI'
    if (left === 0) return outcomes
    if (isTransaction) {
      const moved = outcomes.map((outcome) => readRedirection(outcome, options.target.host)).find(Boolean)
      if (moved === undefined || moved.isAsk) return outcomes
      reload()
      return runOn(connectTo(moved.address), batch, left - 1)
    }
    return Promise.all(
      outcomes.map((outcome, index) => follow(outcome, { commands: commands.slice(index, index + 1), replies }, left)),
    )
  }

  /** Of a batch of one command. */
  const follow = async (outcome: Outcome, batch: Batch, left: number): Promise<Outcome> => {
    const redirection = readRedirection(outcome, options.target.host)
    if (outcome.kind === 'unavailable') reload()
    if (redirection === undefined) return outcome
    const node = connectTo(redirection.address)
    if (!redirection.isAsk) {
      reload()
      return (await runOn(node, batch, left - 1))[0] ?? outcome
    }
    await node.firstAttempt()
    const [asking, asked] = await node.send([{ name: 'ASKING', args: [] }, ...batch.commands], batch.replies)
    return asking?.kind === 'error' ? asking : (asked ?? outcome)
  }

  const slotOf = (table: CommandTable, commands: readonly Command[]): number | undefined | 'cross' => {
    const keys = commands.flatMap((command) => {
      const indexes = findKeys(table, command) ?? [0]
      return indexes.flatMap((index) => command.args[index] ?? [])
    })
    const slots = new Set(keys.map(toKeySlot))
    if (slots.size > 1) return 'cross'
    return slots.values().next().value
  }

  /** Commands of one pipeline that each go to one node: one batch a node. */
  const runEach = async (
    { commands, replies }: Batch,
    nodeFor: (batch: readonly Command[]) => Connection | Outcome,
  ): Promise<readonly Outcome[]> => {
    const outcomes = new Array<Outcome>(commands.length).fill(noSlot)
    const batches = new Map<Connection, number[]>()
    for (const [index, command] of commands.entries()) {
      const node = nodeFor([command])
      if (!('send' in node)) outcomes[index] = node
      else if (batches.get(node)?.push(index) === undefined) batches.set(node, [index])
    }
    const runs = [...batches].map(async ([node, indexes]) => {
      const batch = indexes.flatMap((index) => commands[index] ?? [])
      const ran = await runOn(node, { commands: batch, replies }, maxRedirections)
      for (const [place, index] of indexes.entries()) outcomes[index] = ran[place] ?? noSlot
    })
    await Promise.all(runs)
    return outcomes
  }

  /** For a command of which {@link isEverywhere} is true; undefined when there are no nodes. */
  const runEverywhere = (
    command: Command,
    masters: readonly Connection[],
    replies: ReplyShare | undefined,
  ): Promise<Outcome> | undefined => {
    const merge = toEverywhere(command)
    if (merge !== undefined)
      return Promise.all(masters.map((node) => node.send([command], replies))).then((all) => merge(all.flat()))
    const { node, cursor } = readScanCursor(command, masters.length)
    const scanned = masters[node]?.send([withScanCursor(command, cursor)], replies)
    return scanned?.then(([outcome]) => toScanReply(outcome ?? noSlot, node, masters.length))
  }

  const send = async (commands: readonly Command[], replies?: ReplyShare): Promise<readonly Outcome[]> => {
    if (known === undefined) reload()
    const now = await known
    if (now === undefined || typeof now === 'string') {
      loadedAt = Number.NEGATIVE_INFINITY
      known = undefined
      const message = seed.trouble() ?? now ?? noSlot.message
      return commands.map(() => ({ kind: 'unavailable', message }))
    }
    const { table, topology } = now
    const masters = topology.masters.map(connectTo)
    const nodeFor = (batch: readonly Command[]): Connection | Outcome => {
      const slot = slotOf(table, batch)
      if (slot === 'cross') return crossSlot
      if (slot === undefined) return anyNode()
      return masters[topology.slots[slot] ?? -1] ?? noSlot
    }

    if (commands[0]?.name === 'MULTI') {
      const node = nodeFor(commands)
      return 'send' in node ? runOn(node, { commands, replies }, maxRedirections) : commands.map(() => node)
    }
    const outcomes: Outcome[] = []
    let segment: Command[] = []
    const finishSegment = async (): Promise<void> => {
      for (const outcome of await runEach({ commands: segment, replies }, nodeFor)) outcomes.push(outcome)
      segment = []
    }
    for (const command of commands) {
      if (!isEverywhere(command)) {
        segment.push(command)
        continue
      }
      // What comes before in the pipeline has run on all nodes before it begins.
      await finishSegment()
      outcomes.push((await runEverywhere(command, masters, replies)) ?? noSlot)
    }
    await finishSegment()
    return outcomes
  }

  return {
    send,
    trouble: () => anyNode().trouble(),
    target: () => {
      const node = [...nodes].find(([, connection]) => connection.trouble() === undefined)?.[0].split(' ')
      if (seed.trouble() === undefined || node === undefined) return options.target
      return { ...options.target, host: node[0] ?? '', port: Number(node[1]) }
    },
    close: async () => {
      await Promise.all([...nodes.values()].map((node) => node.close()))
    },
  }
}
