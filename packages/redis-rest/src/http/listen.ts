import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ListenError } from '../errors.ts'
import { encodeError } from '../protocol/encode.ts'
import type { Handler } from './handler.ts'

export interface Listening {
  readonly port: number
  /** Takes no new connections, lets running requests end within `graceMs`, then drops what is left. */
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

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/** Serves `handler` on a TCP port (0 for any free one). Rejects with {@link ListenError}. */
export function listen(handler: Handler, host: string, port: number): Promise<Listening> {
  let isClosing = false
  const server = createServer({ maxHeaderSize: maxHeaderBytes, keepAliveTimeout: 60_000 }, (request, response) => {
    void handler(request, response, () => isClosing)
  })
  server.on('clientError', refuseGarbage)
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ListenError(host, port, error)))
    server.listen(port, host, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: (graceMs) => {
          isClosing = true
          return closeServer(server, graceMs)
        },
      })
    })
  })
}
