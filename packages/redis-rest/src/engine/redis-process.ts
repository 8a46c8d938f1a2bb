import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { RedisStartError } from '../errors.ts'
import { startGuard } from './guard.ts'

export interface RedisProcess {
  readonly pid: number
  /** Resolves when the process is gone, for whatever reason. */
  readonly exited: Promise<unknown>
  /** Ends it: at once when it keeps nothing, else as soon as it has written what it holds. */
  stop(): void
}

export interface RedisProcessOptions {
  readonly program: string
  readonly port: number
  readonly folder: string
  /** Whether the data outlives the process: an append-only file in `folder`, written out every second. */
  readonly keepsData: boolean
}

/** The largest record, as on Upstash. */
const maxRecordBytes = 100 * 1024 * 1024

function toArguments({ port, folder, keepsData }: RedisProcessOptions): string[] {
  return [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--appendonly', keepsData ? 'yes' : 'no', '--proto-max-bulk-len', `${maxRecordBytes}`],
  ]
}

function untilReady(child: ChildProcessByStdio<null, Readable, Readable>, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const listen = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4_096)
      if (output.includes('eady to accept connections')) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', (error) => reject(new RedisStartError(program, error.message)))
    // Not at its exit: its last words may come after it.
    child.once('close', () => reject(new RedisStartError(program, output)))
  })
}

/** Starts a Redis and resolves when it answers. Rejects with {@link RedisStartError}. */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  // In its own process group, so that Ctrl-C reaches us first and running requests still get their answers.
  const child = spawn(options.program, toArguments(options), {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit').catch(() => undefined)
  if (child.pid !== undefined) {
    const guard = startGuard(child.pid, options)
    void exited.then(() => guard.release())
  }
  await untilReady(child, options.program)
  return { pid: child.pid ?? 0, exited, stop: () => void child.kill(options.keepsData ? 'SIGTERM' : 'SIGKILL') }
}
