import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const appDir = join(import.meta.dirname, '..')

export interface StartedSite {
  readonly url: string
  readonly store: string
  readonly dataDir: string
  readonly pid: number
  /** What it has written to its standard error so far. */
  errors(): string
  stop(): Promise<void>
  /** Its exit code, once it has ended by itself. */
  ended(): Promise<number | null>
}

export interface FailedSite {
  readonly code: number | null
  /** What it wrote to its standard error. */
  readonly errors: string
}

interface Running {
  readonly child: ReturnType<typeof fork>
  readonly dataDir: string
  readonly exited: Promise<unknown[]>
  errors(): string
  removeData(): Promise<void>
}

/** Nothing of the surrounding environment that the site reads gets through. */
function baseEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env
  return { PATH, HOME, PORT: '0', NODE_ENV: 'production', APP_ENV: 'development' }
}

async function run(env: Record<string, string>, execArgv: string[] = []): Promise<Running> {
  const own = env.DATA_DIR === undefined ? await mkdtemp(join(tmpdir(), 'headwater-')) : undefined
  const dataDir = env.DATA_DIR ?? own ?? ''
  const child = fork(join(appDir, 'server.mjs'), {
    cwd: tmpdir(),
    execArgv,
    env: { ...baseEnv(), DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  // Nobody reads it, and a full pipe would stop the child.
  child.stdout?.resume()
  const removeData = async (): Promise<void> => {
    if (own !== undefined) await rm(own, { recursive: true, force: true })
  }
  return { child, dataDir, exited: once(child, 'exit'), errors: () => text.trim(), removeData }
}

const isReady = (message: unknown): message is { type: 'ready'; url: string; store: string } =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready'

/** The built site on a free port with an embedded database in a folder of its own, unless `env` says otherwise. */
export async function startSite(env: Record<string, string> = {}, execArgv: string[] = []): Promise<StartedSite> {
  const { child, dataDir, exited, errors, removeData } = await run(env, execArgv)
  const [message] = await Promise.race([once(child, 'message'), exited])
  if (!isReady(message)) {
    await removeData()
    throw new TypeError(`Cannot start the site: ${errors()}`)
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
    await removeData()
  }
  const ended = async (): Promise<number | null> => {
    await exited
    await removeData()
    return child.exitCode
  }
  return { url: message.url, store: message.store, dataDir, pid: child.pid ?? 0, errors, stop, ended }
}

/** For a start that must fail: how it ended and what it said. */
export async function failToStart(env: Record<string, string>): Promise<FailedSite> {
  const { child, exited, errors, removeData } = await run(env)
  await Promise.race([exited, once(child, 'message')])
  const { exitCode } = child
  child.kill('SIGKILL')
  await exited
  await removeData()
  return { code: exitCode, errors: errors() }
}
