import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Command } from '../protocol/command.ts'
import { userRefused } from './acl-user.ts'
import { readError } from './frame.ts'
import { createFrameReader } from './frame-reader.ts'
import type { Trust } from './redis-tls.ts'
import type { Target } from './target.ts'
import { appendCommands, type Wire } from './wire.ts'

/** What the handshake found out. */
export interface Found {
  /** Whether it is a node of a cluster; undefined while a script runs for so long that Redis does not say. */
  readonly isCluster: boolean | undefined
  /** Why Redis begins no transaction for this user, if it does not. */
  readonly multiRefusal: string | undefined
  /** Whether this user may ECHO. */
  readonly mayEcho: boolean
}

export interface LinkOptions {
  readonly target: Target
  /** Logged in, the database selected, Redis not loading. */
  readonly onReady: (found: Found) => void
  readonly onFrame: (frame: Buffer) => void
  /** Asked before each write once it is ready: a command that goes last in it, if any. */
  readonly lastOfWrite?: (() => Command | undefined) | undefined
  /** Called once, whether it was ready before or not; `reason` is an error code or in the words of Redis. */
  readonly onEnd: (reason: string) => void
}

/** One connection to Redis that is used until it ends. */
export interface Link {
  /**
   * Sends everything that is written in one turn of the event loop in one system call; what is urgent does not wait for the end
   * of the turn.
   */
  write(commands: readonly Command[], isUrgent: boolean): void
  /** What was written and Redis has not taken yet, about. */
  unsentBytes(): number
  /** Ends it; `onEnd` is called with `reason`. */
  end(reason: string): void
}

const connectTimeoutMs = 3_000

function toTlsOptions(trust: Trust): ConnectionOptions {
  switch (trust.kind) {
    case 'known':
      return {}
    case 'own':
      return { ca: trust.ca }
    case 'unchecked':
      return { rejectUnauthorized: false }
    default:
      return trust satisfies never
  }
}

function openSocket({ host, port, tls }: Target): Socket {
  if (tls === undefined) return connectTcp({ host, port })
  return connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...toTlsOptions(tls) })
}

interface Step {
  readonly command: Command
  /** The link is given up when Redis refuses this. */
  readonly isVital: boolean
  /** The reason says so then. */
  readonly isForUser?: boolean
}

function becomeUser({ becomes }: Target): Step[] {
  if (becomes === undefined) return []
  const login = { name: 'AUTH', args: [becomes.name, becomes.password] }
  return [becomes.create, login].map((command) => ({ command, isVital: true, isForUser: true }))
}

function handshake(target: Target): Step[] {
  const { username, password, database } = target
  const login = password === undefined ? [] : [...(username === undefined ? [] : [username]), password]
  return [
    ...(login.length === 0 ? [] : [{ command: { name: 'AUTH', args: login }, isVital: true }]),
    ...(database === 0 ? [] : [{ command: { name: 'SELECT', args: [String(database)] }, isVital: true }]),
    { command: { name: 'CLIENT', args: ['SETNAME', 'millpond-rest'] }, isVital: false },
    { command: { name: 'PING', args: [] }, isVital: true },
    { command: { name: 'INFO', args: ['cluster'] }, isVital: false },
    ...becomeUser(target),
    // An empty transaction: where MULTI is refused, the commands after it would run all the same.
    { command: { name: 'MULTI', args: [] }, isVital: false },
    { command: { name: 'EXEC', args: [] }, isVital: false },
    { command: { name: 'ECHO', args: [''] }, isVital: false },
  ]
}

/** Tells the mode of the server to every user and at any time, unlike INFO; it changes nothing without arguments. */
const hello: Command = { name: 'HELLO', args: [] }
const isClusterMode = /\r\nmode\r\n\$7\r\ncluster\r\n/

/** Opens a connection to Redis and logs in. Never throws: whatever happens ends in `onEnd`. */
export function openLink(options: LinkOptions): Link {
  const socket = openSocket(options.target)
  const steps = handshake(options.target)
  let isReady = false
  let isCluster: boolean | undefined = false
  let multiRefusal: string | undefined
  let mayEcho = true
  let reason = 'the connection was closed'
  let wire: Wire = []
  let wireBytes = 0
  let isScheduled = false

  const end = (why: string): void => {
    if (!socket.destroyed) reason = why
    socket.destroy()
  }
  const ask = (command: Command): void => {
    steps.push({ command, isVital: false })
    write([command], true)
  }
  const takeStep = (frame: Buffer): void => {
    if (socket.destroyed) return
    const step = steps.shift()
    const error = readError(frame)
    // An endless script ends only by SCRIPT KILL, which somebody has to be able to send.
    const isBusy = error?.startsWith('BUSY ') === true
    // Without a disk to write to it still reads.
    const serves = step?.command.name === 'PING' && (isBusy || error?.startsWith('MISCONF ') === true)
    if (error !== undefined && step?.isVital === true && !serves) {
      end(step.isForUser === true ? `${userRefused}: ${error}` : error)
      return
    }
    if (step?.command.name === 'INFO') {
      isCluster = isBusy ? undefined : frame.includes('cluster_enabled:1')
      if (error !== undefined) ask(hello)
    }
    if (step?.command.name === 'MULTI' && !isBusy) multiRefusal = error
    if (step?.command.name === 'ECHO') mayEcho = error?.startsWith('NOPERM ') !== true
    if (step?.command === hello && error === undefined) isCluster = isClusterMode.test(frame.toString('latin1'))
    if (steps.length > 0) return
    isReady = true
    clearTimeout(timer)
    options.onReady({ isCluster, multiRefusal, mayEcho })
  }
  const reader = createFrameReader((frame) => (isReady ? options.onFrame(frame) : takeStep(frame)))

  const flush = (): void => {
    isScheduled = false
    const last = isReady && !socket.destroyed ? options.lastOfWrite?.() : undefined
    if (last !== undefined) appendCommands(wire, [last])
    const parts = wire
    wire = []
    wireBytes = 0
    if (socket.destroyed) return
    if (parts.length > 1) socket.cork()
    for (const part of parts) socket.write(part)
    if (parts.length > 1) socket.uncork()
  }
  const write = (commands: readonly Command[], isUrgent: boolean): void => {
    wireBytes += appendCommands(wire, commands)
    if (isUrgent && !isScheduled) flush()
    if (isScheduled || wire.length === 0) return
    isScheduled = true
    setImmediate(flush)
  }

  const timer = setTimeout(() => end('ETIMEDOUT'), connectTimeoutMs)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 10_000)
  socket.on(options.target.tls === undefined ? 'connect' : 'secureConnect', () =>
    write(
      steps.map(({ command }) => command),
      true,
    ),
  )
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.write(chunk)
    } catch (error) {
      end(error instanceof Error ? error.message : String(error))
    }
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? error.message
  })
  socket.on('close', () => {
    clearTimeout(timer)
    options.onEnd(reason)
  })
  return {
    write,
    unsentBytes: () => socket.writableLength + wireBytes,
    end,
  }
}
