import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { StartFaultsError } from './start-faults-error.ts'

/** What a part says when it is ready. */
export type Ready = Readonly<Record<string, unknown>>

/** A part of the system in a process of its own. */
export interface Part {
  readonly name: string
  readonly pid: number
  /** Which life this is, from 1. */
  readonly life: number
  /** Between the end of a life and the next. */
  readonly isDown: boolean
  /** What its life of the moment said, or the last one while it is down. */
  readonly ready: Ready
  /** Ends it at once and starts it again. */
  killAndRestart(): Promise<void>
  stop(): Promise<void>
}

export interface PartOptions {
  readonly name: string
  readonly module: string
  /** Given what its first life said when it was ready, so that a later one can be where that was. */
  readonly args?: (first: Ready | undefined) => readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const READY_WITHIN_MS = 120_000

/** What the shell happens to name must not reach a part. */
const FOREIGN =
  /^(UPSTASH_|npm_|VITEST|MILLPOND_|REDIS_URL$|DATABASE_URL$|DATA_DIR$|PORT$|SITE_PORT$|HOST$|NODE_ENV$|APP_ENV$)/

function launch({ module, args = () => [], cwd, env }: PartOptions, first?: Ready): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))
  return fork(module, [...args(first)], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    execArgv: [],
    silent: true,
  })
}

async function untilReady(child: ChildProcess, name: string): Promise<Ready> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-4_096)
    })
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StartFaultsError(name, 'it was not ready in time')), READY_WITHIN_MS)
    child.once('exit', (code) => reject(new StartFaultsError(name, `it ended with ${code}\n${output}`)))
    child.on('message', (message: { type?: unknown }) => {
      if (message.type !== 'ready') return
      clearTimeout(timer)
      resolve({ ...message })
    })
  })
}

/**
 * Starts a part: a script that sends `{ type: 'ready', … }` to its parent. It ends with this process, since it stops when the channel closes.
 *
 * @throws StartFaultsError when it ends first or takes too long
 */
export async function startPart(options: PartOptions): Promise<Part> {
  let child = launch(options)
  const first = await untilReady(child, options.name)
  let ready = first
  let life = 1
  let isDown = false
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  return {
    name: options.name,
    get pid() {
      return child.pid ?? 0
    },
    get life() {
      return life
    },
    get isDown() {
      return isDown
    },
    get ready() {
      return ready
    },
    async killAndRestart() {
      isDown = true
      await end('SIGKILL')
      life += 1
      child = launch(options, first)
      ready = await untilReady(child, options.name)
      isDown = false
    },
    stop: () => end('SIGTERM'),
  }
}
