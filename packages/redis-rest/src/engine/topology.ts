import { slotCount } from './key-slot.ts'
import type { Reply } from './reply.ts'

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** Which node serves which slot. */
export interface Topology {
  /** The nodes that take writes, in the same order for the same cluster. */
  readonly masters: readonly NodeAddress[]
  /** The index in `masters` for each slot, -1 for one that nobody serves. */
  readonly slots: Int16Array
}

function toText(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) || typeof reply === 'string' ? reply.toString() : ''
}

/** Reads the reply to CLUSTER SLOTS; a node that gives no host is at `seedHost`. */
export function readTopology(reply: Reply, seedHost: string): Topology {
  const ranges = (Array.isArray(reply) ? reply : []).flatMap((range: Reply) => {
    const [from, to, master]: readonly Reply[] = Array.isArray(range) ? range : []
    if (from === undefined || to === undefined || !Array.isArray(master)) return []
    const host = toText(master[0]) || seedHost
    return [{ from: Number(toText(from)), to: Number(toText(to)), host, port: Number(toText(master[1])) }]
  })
  const names = [...new Set(ranges.map(({ host, port }) => `${host} ${port}`))].sort()
  const slots = new Int16Array(slotCount).fill(-1)
  for (const { from, to, host, port } of ranges) slots.fill(names.indexOf(`${host} ${port}`), from, to + 1)
  const masters = names.map((name) => {
    const [host = seedHost, port = '0'] = name.split(' ')
    return { host, port: Number(port) }
  })
  return { masters, slots }
}
