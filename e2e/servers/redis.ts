import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { installLine } from './install-lines.ts'
import { type OwnedProcess, ServerStartError, startOwnedProcess } from './owned-process.ts'

const path = findProgram('redis-server', 'valkey-server')

/** The machine's redis-server or valkey-server; undefined when neither is installed. */
export const redisServer: { readonly path: string } | undefined = path === undefined ? undefined : { path }

export interface StartedRedis {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** Ends the server at once (SIGKILL; it holds nothing worth saving) and removes its folder. */
  stop(): Promise<void>
  /** Sends a signal and returns: SIGKILL for a crash, SIGSTOP for a server that hangs. */
  kill(signal: NodeJS.Signals): void
}

async function startOn(port: number, { engine, args: given = [] }: RedisOptions): Promise<OwnedProcess> {
  const program = engine ?? redisServer
  if (program === undefined) throw new ServerStartError('redis-server', `Not installed: ${installLine.redis}`)
  const args = typeof given === 'function' ? await given() : given
  const folder = await mkdtemp(join(tmpdir(), 'millpond-redis-'))
  return startOwnedProcess({
    program: program.path,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...args],
    folder,
    readyLine: 'eady to accept connections',
    stopSignal: 'SIGKILL',
  })
}

async function startOnAnyPort(options: RedisOptions, attempts = 3): Promise<OwnedProcess & { port: number }> {
  const port = await freePort()
  try {
    return { ...(await startOn(port, options)), port }
  } catch (error) {
    if (attempts <= 1) throw error
    return startOnAnyPort(options, attempts - 1)
  }
}

export interface RedisOptions {
  /** Which server; the machine's own by default. */
  readonly engine?: { readonly path: string } | undefined
  /** Appended to the command line. A function is asked for each attempt: a port that it found free may be taken by then. */
  readonly args?: readonly string[] | (() => Promise<readonly string[]>) | undefined
  /** A free one by default. */
  readonly port?: number | undefined
}

/**
 * A fresh, empty Redis on 127.0.0.1 that keeps nothing on disk. Rejects with {@link ServerStartError} when it cannot start.
 */
export async function startRedis(options: RedisOptions = {}): Promise<StartedRedis> {
  const { port, pid, stop, kill } =
    options.port === undefined
      ? await startOnAnyPort(options)
      : { ...(await startOn(options.port, options)), port: options.port }
  return { port, url: `redis://127.0.0.1:${port}`, pid, stop, kill }
}
