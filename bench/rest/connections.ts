import { connect, type Socket } from 'node:net'
import { connectHttp, toRequest } from './http-client.ts'

async function residentBytes(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: 'Bearer bench' } })
  return Number(/process_resident_memory_bytes (\d+)/.exec(await response.text())?.[1] ?? 0)
}

function open(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

/** Memory of the server before and while that many idle connections are open, and whether it still answers then. */
export async function openConnections(port: number, wanted: number) {
  const before = await residentBytes(port)
  const sockets: Socket[] = []
  while (sockets.length < wanted) {
    const batch = await Promise.all(Array.from({ length: 200 }, () => open(port)))
    const opened = batch.filter((socket) => socket !== undefined)
    sockets.push(...opened)
    if (opened.length === 0) break
  }
  const client = await connectHttp(port)
  const request = toRequest('/', 'bench', '["PING"]')
  for (let index = 0; index < 100; index += 1) await client.send(request)
  const during = await residentBytes(port)
  client.close()
  for (const socket of sockets) socket.destroy()
  const bytesPerConnection = Math.round((during - before) / Math.max(1, sockets.length))
  return { connections: sockets.length, beforeBytes: before, duringBytes: during, bytesPerConnection }
}
