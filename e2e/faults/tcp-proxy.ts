import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a proxy does to the connections through it. It holds for open connections and for those that come. */
export type NetworkFault =
  | { readonly kind: 'none' }
  /** Every piece, in both directions, arrives `ms` to `ms + jitterMs` later, in order. */
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  /** Connections are accepted and nothing passes; what was sent arrives when the fault is over, as after lost packets. */
  | { readonly kind: 'black-hole' }
  /** Connections are reset (RST), open ones at their next byte. */
  | { readonly kind: 'reset' }
  /** The server's answers end in the middle: so many bytes of the next piece, then the end of the connection. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Nobody accepts: new connections are reset at once, open ones end. */
  | { readonly kind: 'refuse' }

export interface TcpProxy {
  readonly port: number
  setFault(fault: NetworkFault): void
  /** From now on nothing passes over the open connections, and neither end is told, as when a NAT or a load balancer has forgotten them. New ones are like any. */
  forget(): void
  /** Sends new connections to another port on this machine, and resets the open ones, as a fail-over address does; `keep` leaves them where they lead, as a changed name does. */
  retarget(port: number, open?: 'reset' | 'keep'): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  isForgotten: boolean
}

/** Starts a proxy on a free port of 127.0.0.1. `random` gives numbers from 0 to below 1 for the jitter. */
export async function startTcpProxy(options: { target: number; random?: () => number }): Promise<TcpProxy> {
  const random = options.random ?? Math.random
  const pairs = new Set<Pair>()
  let target = options.target
  let fault: NetworkFault = { kind: 'none' }
  const waiting: (() => void)[] = []

  /** Lets what a black hole held go on. */
  function release(): void {
    for (const go of waiting.splice(0)) go()
  }

  function endAll(how: 'reset' | 'end'): void {
    for (const { client, server } of pairs) {
      if (how === 'reset') client.resetAndDestroy()
      else client.destroy()
      server.destroy()
    }
  }

  /** Passes one piece on as the fault of the moment says. */
  async function pass(pair: Pair, { from, to, chunk, arrivedAt }: Piece): Promise<void> {
    while (fault.kind === 'black-hole') await new Promise<void>((go) => void waiting.push(go))
    if (to.destroyed || pair.isForgotten) return
    switch (fault.kind) {
      case 'none':
        break
      case 'delay': {
        const waitMs = arrivedAt + fault.ms + random() * fault.jitterMs - performance.now()
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
        break
      }
      case 'reset':
        pair.client.resetAndDestroy()
        pair.server.destroy()
        return
      case 'truncate':
        if (from === pair.client) break
        pair.client.end(chunk.subarray(0, fault.afterBytes))
        pair.server.destroy()
        return
      case 'refuse':
        pair.client.destroy()
        pair.server.destroy()
        return
      default:
        fault satisfies never
    }
    if (to.writable) to.write(chunk)
  }

  function pipe(pair: Pair, from: Socket, to: Socket): void {
    let last = Promise.resolve()
    from.on('data', (chunk) => {
      const piece = { from, to, chunk, arrivedAt: performance.now() }
      last = last.then(() => pass(pair, piece))
    })
    /** What is forgotten is told nothing, the other end's end included. */
    const tell = (how: () => void) => {
      if (!pair.isForgotten) how()
    }
    from.on('end', () => {
      last = last.then(() => tell(() => to.end()))
    })
    from.on('error', () => tell(() => to.destroy()))
    from.on('close', () => {
      const end = () => {
        pairs.delete(pair)
        to.destroy()
      }
      void last.then(() => tell(end))
    })
  }

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => {})
    if (fault.kind === 'refuse' || fault.kind === 'reset') return client.resetAndDestroy()
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { client, server, isForgotten: false }
    pairs.add(pair)
    pipe(pair, client, server)
    pipe(pair, server, client)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')

  return {
    port: (listener.address() as AddressInfo).port,
    setFault(next) {
      fault = next
      release()
      if (next.kind === 'refuse') endAll('end')
    },
    forget() {
      for (const pair of pairs) pair.isForgotten = true
    },
    retarget(port, open = 'reset') {
      target = port
      if (open === 'reset') endAll('reset')
    },
    async close() {
      fault = { kind: 'refuse' }
      release()
      const closed = once(listener, 'close')
      listener.close()
      endAll('end')
      await closed
    },
  }
}

interface Piece {
  readonly from: Socket
  readonly to: Socket
  readonly chunk: Buffer
  readonly arrivedAt: number
}
