/** A way to a server that can be made to fail, for any protocol over TCP. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What the wire does with what a client sends. `reset`: ends the connection rudely. `hang`: swallows it. `truncate`: passes half of the first reply on, then ends the connection. `refuse`:
 * nobody listens. `answer`: answers instead of the server, with `reply` for each request that `count` finds in the bytes.
 */
export type WireFault =
  | { readonly kind: 'reset' | 'hang' | 'truncate' | 'refuse' }
  | { readonly kind: 'answer'; readonly reply: string; readonly count: (bytes: string) => number }

export interface FaultyWire {
  readonly port: number
  /** How many limit scripts were asked for so far, in whatever protocol. */
  requests(): number
  fail(fault: WireFault): Promise<void>
  /** All is well again; connections that were failing are ended. */
  mend(): Promise<void>
  close(): Promise<void>
}

/** Listens on a free port and passes everything on to `target` on this machine. */
export async function createFaultyWire(target: number): Promise<FaultyWire> {
  let fault: WireFault | undefined
  let requests = 0
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) track(socket)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.on('data', (bytes) => {
      requests += bytes.toString('latin1').match(/EVALSHA/gi)?.length ?? 0
      if (fault === undefined || fault.kind === 'truncate') upstream.write(bytes)
      else if (fault.kind === 'reset') client.resetAndDestroy()
      else if (fault.kind === 'answer') client.write(fault.reply.repeat(fault.count(bytes.toString('latin1'))))
    })
    upstream.on('data', (bytes) => {
      if (fault?.kind !== 'truncate') client.write(bytes)
      else client.end(bytes.subarray(0, Math.floor(bytes.length / 2)))
    })
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  const stopListening = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      hangUp()
    })

  return {
    port,
    requests: () => requests,
    async fail(next) {
      fault = next
      if (next.kind === 'refuse') await stopListening()
    },
    async mend() {
      const refused = fault?.kind === 'refuse'
      fault = undefined
      hangUp()
      if (refused) await listen(port)
    },
    close: () => (server.listening ? stopListening() : Promise.resolve()),
  }
}
