import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A keep-alive connection that sends one request after another and reads just enough of the answers. */
export interface HttpClient {
  send(request: Buffer): Promise<void>
  close(): void
}

const headEnd = Buffer.from('\r\n\r\n')

/** Bytes of the whole answer, or 0 when its head is not complete. Throws on any status but 200. */
function answerLength(bytes: Buffer): number {
  const end = bytes.indexOf(headEnd)
  if (end === -1) return 0
  const head = bytes.toString('latin1', 0, end)
  if (!head.startsWith('HTTP/1.1 200')) throw new TypeError(`Cannot measure: ${bytes.toString()}`)
  return end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
}

export async function connectHttp(port: number): Promise<HttpClient> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let received: Buffer | undefined
  let expected = 0
  let resolve: () => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  socket.on('data', (chunk: Buffer) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk])
    try {
      if (expected === 0) expected = answerLength(received)
    } catch (error) {
      reject(error)
    }
    if (expected === 0 || received.length < expected) return
    received = undefined
    expected = 0
    resolve()
  })
  socket.on('error', (error) => reject(error))
  return {
    send: (request) =>
      new Promise((done, failed) => {
        resolve = done
        reject = failed
        socket.write(request)
      }),
    close: () => void socket.destroy(),
  }
}

/** A POST as the SDK sends it. */
export function toRequest(path: string, token: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    'upstash-encoding: base64',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}
