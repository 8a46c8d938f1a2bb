import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** What run.json holds. */
export interface RunInfo {
  readonly site: string
  readonly api: string
  readonly token: string
  readonly store: 'upstash' | 'redis' | 'memory'
  readonly pid: number
  readonly redis?: { readonly pid: number; readonly port: number }
}

export interface Ended {
  readonly code: number | null
  /** Standard output and standard error. */
  readonly output: string
}

export interface StartedSystem {
  readonly info: RunInfo
  readonly runFile: string
  readonly pid: number
  /** Sends the signal (default SIGINT, as Ctrl-C does) and waits for the end. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

export interface StartOptions {
  /** Holds the databases, the logs and run.json. */
  readonly folder: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

class SystemStartError extends Error {
  readonly code = 'SYSTEM_START'
}

interface Launched {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly runFile: string
}

/** The environment of a person who has set nothing. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(UPSTASH_|npm_|VITEST|MILLPOND_|PORT$|SITE_PORT$|NODE_ENV$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

function launch({ folder, args = [], env = {} }: StartOptions): Launched {
  const runFile = join(folder, 'run.json')
  const script = join(repository, 'scripts', 'start.mjs')
  const child = spawn(process.execPath, [script, '--data', join(folder, 'data'), ...args], {
    cwd: repository,
    env: { ...cleanEnvironment(), MILLPOND_RUN_FILE: runFile, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  return { child, ended: once(child, 'close').then(([code]) => ({ code, output })), runFile }
}

function untilRunFile({ child, ended, runFile }: Launched): Promise<RunInfo> {
  return new Promise((resolve, reject) => {
    const look = setInterval(() => {
      if (!existsSync(runFile)) return
      const info = JSON.parse(readFileSync(runFile, 'utf8'))
      if (info.pid !== child.pid) return
      clearInterval(look)
      resolve(info)
    }, 50)
    ended.then(({ code, output }) => {
      clearInterval(look)
      reject(new SystemStartError(`The system ended with exit code ${code} before it was ready:\n${output}`))
    })
  })
}

/** Runs scripts/start.mjs as `npm start` does, on free ports, and resolves when run.json is there. */
export async function startSystem(options: StartOptions): Promise<StartedSystem> {
  const launched = launch({ ...options, args: ['--api-port', '0', '--site-port', '0', ...(options.args ?? [])] })
  const { child, ended, runFile } = launched
  const info = await untilRunFile(launched)
  const stop = (signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> => {
    child.kill(signal)
    return ended
  }
  return { info, runFile, pid: child.pid ?? 0, stop }
}

/** Runs scripts/start.mjs, which is expected to end by itself. */
export async function runSystemToItsEnd(options: StartOptions): Promise<Ended> {
  return launch(options).ended
}

/** Brings dependencies and builds up to date, as `npm start` does before it starts. */
export async function buildSystem(): Promise<Ended> {
  const script = join(repository, 'scripts', 'ensure-deps.mjs')
  const child = spawn(process.execPath, [script, '--site'], { cwd: repository, env: cleanEnvironment() })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code, output }
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
