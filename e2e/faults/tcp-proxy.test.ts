import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** Answers every line with `name:line`. */
async function startEcho(name: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => socket.write(`${name}:${chunk}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

let echo: Server
let other: Server
let proxy: TcpProxy
const sockets: Socket[] = []

beforeEach(async () => {
  echo = await startEcho('echo')
  other = await startEcho('other')
  proxy = await startTcpProxy({ target: portOf(echo), random: () => 0.5 })
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await proxy.close()
  echo.close()
  other.close()
})

async function open(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' })
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

async function say(socket: Socket, line: string): Promise<string> {
  socket.write(line)
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

const outcome = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    socket.on('end', () => resolve(`end after "${got}"`))
    socket.on('close', () => resolve('closed'))
  })

describe('startTcpProxy()', () => {
  test('passes both ways when nothing is wrong', async () => {
    expect(await say(await open(), 'a')).toBe('echo:a')
  })

  test('delay: pieces arrive later, and in their order', async () => {
    proxy.setFault({ kind: 'delay', ms: 20, jitterMs: 40 })
    const socket = await open()
    const startedAt = performance.now()
    expect(await say(socket, 'a')).toBe('echo:a')
    // 20 ms and half of 40 ms, each way; timers are never early by more than a millisecond.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(78)
  })

  test('black-hole: nothing passes until it is over, then everything does', async () => {
    const socket = await open()
    proxy.setFault({ kind: 'black-hole' })
    let answered = false
    const answer = say(socket, 'a').then((text) => {
      answered = true
      return text
    })
    await say(await openDirect(), 'b')
    expect(answered).toBe(false)
    proxy.setFault({ kind: 'none' })
    expect(await answer).toBe('echo:a')
  })

  test('reset: the next byte resets an open connection, and new ones are reset', async () => {
    const socket = await open()
    expect(await say(socket, 'a')).toBe('echo:a')
    proxy.setFault({ kind: 'reset' })
    const ended = outcome(socket)
    socket.write('b')
    expect(await ended).toBe('ECONNRESET')
    const late = connect({ port: proxy.port, host: '127.0.0.1' })
    sockets.push(late)
    expect(await outcome(late)).toMatch(/ECONNRESET|closed/)
  })

  test('truncate: an answer ends in the middle', async () => {
    const socket = await open()
    proxy.setFault({ kind: 'truncate', afterBytes: 3 })
    const ended = outcome(socket)
    socket.write('a')
    expect(await ended).toBe('end after "ech"')
  })

  test('refuse: open connections end, and it heals', async () => {
    const socket = await open()
    const ended = outcome(socket)
    proxy.setFault({ kind: 'refuse' })
    expect(await ended).toMatch(/^end after ""|ECONNRESET|closed$/)
    proxy.setFault({ kind: 'none' })
    expect(await say(await open(), 'a')).toBe('echo:a')
  })

  test('retarget() sends new connections elsewhere and ends the open ones', async () => {
    const socket = await open()
    const ended = outcome(socket)
    proxy.retarget(portOf(other))
    expect(await ended).toMatch(/ECONNRESET|closed/)
    expect(await say(await open(), 'a')).toBe('other:a')
  })

  test('retarget() leaves the open ones where they lead when told to keep them', async () => {
    const socket = await open()
    proxy.retarget(portOf(other), 'keep')
    expect([await say(socket, 'a'), await say(await open(), 'a')]).toEqual(['echo:a', 'other:a'])
  })
})

async function openDirect(): Promise<Socket> {
  const socket = connect({ port: portOf(other), host: '127.0.0.1' })
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

test('what is forgotten passes nothing any more and is not told so; a new connection is like any', async () => {
  const socket = await open()
  expect(await say(socket, 'a')).toBe('echo:a')
  proxy.forget()
  socket.write('b')
  expect(await say(await open(), 'c')).toBe('echo:c')
  expect(socket.destroyed || socket.readableEnded || socket.readableLength > 0).toBe(false)
  // Nor is the end of one side told to the other.
  socket.end()
  expect(await say(await open(), 'd')).toBe('echo:d')
  expect(socket.readableEnded).toBe(false)
})
