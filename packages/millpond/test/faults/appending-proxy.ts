/** Small proxies before an HTTP server, on this machine, each of which writes the address of its peer as some real one does. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Raw header lines, name and value in turn, doubled ones as they came. */
type Lines = readonly string[]

/** What a proxy makes of the header lines of a request, knowing who its peer is. */
export type WriteAddress = (lines: Lines, peer: string) => Lines

function without(lines: Lines, name: string): Lines {
  return lines.filter((_, index) => lines[index - (index % 2)]?.toLowerCase() !== name)
}

function valuesOf(lines: Lines, name: string): Lines {
  return lines.filter((_, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === name)
}

/** As nginx does with `$proxy_add_x_forwarded_for`: one header, all that came and the peer. */
export const appends: WriteAddress = (lines, peer) => [
  ...without(lines, 'x-forwarded-for'),
  'X-Forwarded-For',
  [...valuesOf(lines, 'x-forwarded-for'), peer].join(', '),
]

/** As HAProxy does with `option forwardfor`: a line of its own below those that came. */
export const addsLine: WriteAddress = (lines, peer) => [...lines, 'X-Forwarded-For', peer]

/** As the platforms do with the header that is theirs: what came under its name is dropped. */
export const sets =
  (name: string): WriteAddress =>
  (lines, peer) => [...without(lines, name), name, peer]

export interface StartedProxy {
  readonly port: number
  close(): Promise<void>
}

/** Listens on a free port and passes requests on to `target`, from `address` (any of 127.0.0.0/8 where the system has them all). */
export async function startProxy(options: {
  readonly target: number
  readonly address: string
  readonly write: WriteAddress
}): Promise<StartedProxy> {
  const { target: port, address: localAddress, write } = options
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    const headers = write(incoming.rawHeaders, incoming.socket.remoteAddress ?? '')
    const { method, url: path } = incoming
    const upstream = request({ host: '127.0.0.1', port, localAddress, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.writeHead(502).end())
    incoming.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Room for very long headers. */
export const MAX_HEADER_BYTES = 262_144
