import { once } from 'node:events'
import { connect } from 'node:net'

/** A keep-alive connection that sends one GET after another and reads just enough of the answers. */
export interface HttpGet {
  /** Resolves with the status. */
  send(request: Buffer): Promise<number>
  /** False once the server has closed it, as it does with one that is idle for some seconds. */
  isOpen(): boolean
  close(): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** The status and the whole length of the answer; undefined when its head is not complete. */
function readHead(bytes: Buffer): { status: number; length: number } | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
  if (/transfer-encoding: chunked/i.test(head)) throw new TypeError('Cannot measure: the answer must have a length')
  return { status, length: end + HEAD_END.length + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) }
}

export async function connectGet(port: number): Promise<HttpGet> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let received: Buffer = Buffer.alloc(0)
  let answer: { resolve(status: number): void; reject(error: unknown): void } | undefined
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    try {
      const head = readHead(received)
      if (!head || received.length < head.length) return
      received = Buffer.alloc(0)
      answer?.resolve(head.status)
    } catch (error) {
      answer?.reject(error)
    }
  })
  socket.on('error', (error) => answer?.reject(error))
  socket.on('close', () => answer?.reject(new TypeError('Cannot measure: the server closed the connection')))
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        answer = { resolve, reject }
        socket.write(request)
      }),
    isOpen: () => socket.writable && !socket.readableEnded,
    close: () => void socket.destroy(),
  }
}

/** As many GETs at a time as there are callers: a connection is opened when all are busy. */
export function createGetPool(port: number) {
  const idle: HttpGet[] = []
  const open = new Set<HttpGet>()
  return {
    async get(request: Buffer, expected: number): Promise<void> {
      let connection = idle.pop()
      while (connection && !connection.isOpen()) connection = idle.pop()
      connection ??= await connectGet(port)
      open.add(connection)
      const status = await connection.send(request)
      if (status !== expected) throw new TypeError(`Cannot measure: expected ${expected}, received ${status}`)
      idle.push(connection)
    },
    close() {
      for (const connection of open) connection.close()
    },
  }
}

/** A GET as a phone sends it. */
export function toGet(path: string, token: string, etag?: string): Buffer {
  const head = [`GET ${path} HTTP/1.1`, 'host: 127.0.0.1', `authorization: Bearer ${token}`]
  if (etag !== undefined) head.push(`if-none-match: ${etag}`)
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`)
}
