import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { ConfigError, ListenError } from '../errors.ts'
import { encodeError } from '../protocol/encode.ts'
import type { Handler } from './handler.ts'

export interface Listening {
  readonly port: number
  /** Takes no new connections, lets running requests end within `graceMs`, then drops what is left; after a second what carried no request. */
  close(graceMs: number): Promise<void>
}

/** Path-style commands carry their arguments in the request line. */
const maxHeaderBytes = 256 * 1024

function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const isTooLong = error.code === 'HPE_HEADER_OVERFLOW'
  const status = isTooLong ? '431 Request Header Fields Too Large' : '400 Bad Request'
  const body = encodeError(isTooLong ? 'ERR the path or the headers are too long' : 'ERR this is not an HTTP request')
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`)
}

/** For the first request of a connection that a client has just opened; one that was opened ahead may never carry any. */
const firstRequestMs = 1_000

function closeServer(server: Server, unused: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timers = [
      setTimeout(() => {
        for (const socket of unused) socket.destroy()
      }, firstRequestMs),
      setTimeout(() => server.closeAllConnections(), graceMs),
    ]
    server.close(() => {
      for (const timer of timers) clearTimeout(timer)
      resolve()
    })
  })
}

/** The connections that have carried no request yet. */
function trackUnused(server: Server, isTls: boolean): ReadonlySet<Socket> {
  const unused = new Set<Socket>()
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return unused
}

/** Key and certificate (with its chain) in PEM. */
export interface TlsOptions {
  readonly key: string | Buffer
  readonly cert: string | Buffer
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** HTTPS instead of HTTP. */
  readonly tls: TlsOptions | undefined
  /** A connection on which nothing moves for this long is dropped, such as of a client that does not read its answer. */
  readonly idleTimeoutMs: number
}

/** A request must be complete after this time, so that slow clients do not gather. */
const requestTimeoutMs = 120_000
const headersTimeoutMs = 30_000

function createAnyServer(tls: TlsOptions | undefined, listener: RequestListener): Server {
  const options = {
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: 60_000,
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    noDelay: true,
  }
  if (tls === undefined) return createHttpServer(options, listener)
  try {
    return createHttpsServer({ ...options, key: tls.key, cert: tls.cert }, listener)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'not in PEM'
    throw new ConfigError(`Cannot create server: key and certificate do not work (${reason})`)
  }
}

/** Serves `handler` on a TCP port (0 for any free one). Rejects with {@link ListenError}, `ConfigError` for a bad certificate. */
export async function listen(handler: Handler, { host, port, tls, idleTimeoutMs }: ListenOptions): Promise<Listening> {
  let isClosing = false
  const server = createAnyServer(tls, (request, response) => {
    void handler(request, response, () => isClosing)
  })
  const unused = trackUnused(server, tls !== undefined)
  server.setTimeout(idleTimeoutMs)
  // A client may close its side once its request is sent; it still gets the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('clientError', refuseGarbage)
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ListenError(host, port, error)))
    server.listen(port, host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: (graceMs) => {
          isClosing = true
          return closeServer(server, unused, graceMs)
        },
      })
    })
  })
}
