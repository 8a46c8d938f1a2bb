import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisMissingError } from '../errors.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { type RedisProcess, type RedisProcessOptions, startRedisProcess } from './redis-process.ts'

export type ChildEvent =
  | { readonly type: 'child-started'; readonly pid: number; readonly port: number }
  | { readonly type: 'child-ended'; readonly pid: number; readonly restartInMs: number }
  | { readonly type: 'child-failed'; readonly message: string; readonly restartInMs: number }

export interface ChildRedis {
  readonly url: string
  readonly port: number
  /** Changes when the process had to be started again; undefined in between. */
  readonly pid: number | undefined
  /** Ends the process for good; a folder of its own goes with it. */
  close(): Promise<void>
}

/** A process that lived at least this long starts again with the shortest delay. */
const healthyUptimeMs = 5_000

/** Keeps a started process running: starts it again with a growing delay each time it ends, until `stop`. */
function supervise(
  first: RedisProcess,
  options: RedisProcessOptions,
  onEvent: (event: ChildEvent) => void,
): Supervisor {
  let current: RedisProcess | undefined
  let isStopping = false
  let timer: NodeJS.Timeout | undefined
  let starting: Promise<void> = Promise.resolve()
  let failures = 0

  const startLater = (): number => {
    const restartInMs = Math.min(100 * 2 ** Math.min(failures, 10), 5_000)
    failures += 1
    timer = setTimeout(() => {
      starting = startAgain()
    }, restartInMs)
    return restartInMs
  }

  const startAgain = async (): Promise<void> => {
    try {
      watch(await startRedisProcess(options))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!isStopping) onEvent({ type: 'child-failed', message, restartInMs: startLater() })
    }
  }

  const watch = (process: RedisProcess): void => {
    current = process
    const startedAt = performance.now()
    onEvent({ type: 'child-started', pid: process.pid, port: options.port })
    void process.exited.then(() => {
      current = undefined
      if (isStopping) return
      if (performance.now() - startedAt > healthyUptimeMs) failures = 0
      onEvent({ type: 'child-ended', pid: process.pid, restartInMs: startLater() })
    })
  }

  watch(first)
  return {
    pid: () => current?.pid,
    stop: async () => {
      isStopping = true
      clearTimeout(timer)
      await starting
      const last = current
      last?.stop()
      await last?.exited
    },
  }
}

interface Supervisor {
  pid(): number | undefined
  stop(): Promise<void>
}

type Place = Omit<RedisProcessOptions, 'port'>

async function startOnAnyPort(place: Place, attempts = 3): Promise<[RedisProcess, number]> {
  const port = await freePort()
  try {
    return [await startRedisProcess({ ...place, port }), port]
  } catch (error) {
    if (attempts <= 1) throw error
    return startOnAnyPort(place, attempts - 1)
  }
}

/** A folder that is removed when the process has ended. */
async function temporaryFolder(): Promise<DataFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-rest-'))
  return {
    folder,
    keepsData: false,
    use: async () => undefined,
    leave: () => rm(folder, { recursive: true, force: true }),
  }
}

/**
 * Starts the machine's redis-server or valkey-server on a free port of 127.0.0.1. Without `data` it keeps its data in memory only;
 * with it, in that folder, which is made if need be. It is started again on the same port when it dies, and ends with this process
 * however that ends.
 *
 * Rejects with {@link RedisMissingError} when neither is installed, `RedisStartError` when it does not start, `ConfigError` when
 * the folder is used by another or cannot be used.
 */
export async function startChild(onEvent: (event: ChildEvent) => void, data: string | undefined): Promise<ChildRedis> {
  const program = findProgram(['redis-server', 'valkey-server'], process.env.PATH ?? '')
  if (program === undefined) throw new RedisMissingError()
  const { folder, keepsData, use, leave } = data === undefined ? await temporaryFolder() : await openDataFolder(data)
  try {
    const place = { program, folder, keepsData }
    const [first, port] = await startOnAnyPort(place)
    const notify = (event: ChildEvent): void => {
      if (event.type === 'child-started') void use(event.pid)
      onEvent(event)
    }
    const supervisor = supervise(first, { ...place, port }, notify)
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
      get pid() {
        return supervisor.pid()
      },
      close: async () => {
        await supervisor.stop()
        await leave()
      },
    }
  } catch (error) {
    await leave()
    throw error
  }
}
