import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'

export class ServerStartError extends Error {
  readonly code = 'SERVER_START'

  constructor(program: string, output: string) {
    super(`Cannot start ${program}: it ended before it was ready\n${output}`)
    this.name = 'ServerStartError'
  }
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface OwnedProcess {
  readonly pid: number
  /** Resolves when the process is gone: with its exit code, or with the signal that ended it. */
  readonly ended: Promise<Ended>
  /** Sends the signal and returns; the process may still be running. */
  kill(signal: NodeJS.Signals): void
  /** Ends the process with its stop signal and waits until it is gone; its folder stays. Safe to call twice. */
  end(): Promise<void>
  /** The same, then removes its folder. Safe to call twice. */
  stop(): Promise<void>
}

export interface OwnedProcessOptions {
  readonly program: string
  readonly args: readonly string[]
  /** The folder that lives and dies with the process. */
  readonly folder: string
  /** Printed by the program when it answers. */
  readonly readyLine: string
  readonly stopSignal: NodeJS.Signals
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

type Child = ChildProcessByStdio<null, Readable, Readable>

// The guard sees its input close however the parent ends, SIGKILL included, and then ends the server and removes its folder.
const guardScript = `
read -r word
[ "$word" = released ] && exit 0
kill -s "$2" "$1" 2>/dev/null
tries=0
while kill -0 "$1" 2>/dev/null && [ $tries -lt 40 ]; do sleep 0.05; tries=$((tries + 1)); done
kill -s KILL "$1" 2>/dev/null
rm -rf "$3"
`

function startGuard(pid: number, options: OwnedProcessOptions): { release(): void } {
  const signal = options.stopSignal.replace(/^SIG/, '')
  const guard = spawn('/bin/sh', ['-c', guardScript, 'guard', String(pid), signal, options.folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  guard.stdin.on('error', () => undefined)
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return { release: () => guard.stdin.end('released\n') }
}

function untilReady(child: Child, options: OwnedProcessOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const listen = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-8_192)
      if (output.includes(options.readyLine)) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', (error) => reject(new ServerStartError(options.program, error.message)))
    child.once('exit', () => reject(new ServerStartError(options.program, output)))
  })
}

/**
 * Starts a server and resolves when it has printed its ready line. It is ended and its folder removed by `stop()`, and
 * also when this process dies in any way. Rejects with {@link ServerStartError} when it ends first.
 */
export async function startOwnedProcess(options: OwnedProcessOptions): Promise<OwnedProcess> {
  const child = spawn(options.program, options.args, {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...options.user,
  })
  const exited = new Promise<Ended>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    // One that could not be started has no exit.
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  const guard = child.pid === undefined ? undefined : startGuard(child.pid, options)
  const untilGone = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      // Whoever stops it waits for its end, so the wait must keep this process alive.
      child.ref()
      child.kill(options.stopSignal)
      child.kill('SIGCONT')
      await exited
    }
  }
  const end = async (): Promise<void> => {
    await untilGone()
    guard?.release()
  }
  const stop = async (): Promise<void> => {
    await untilGone()
    await rm(options.folder, { recursive: true, force: true })
    guard?.release()
  }
  try {
    await untilReady(child, options)
  } catch (error) {
    await stop()
    throw error
  }
  child.unref()
  return { pid: child.pid ?? 0, ended: exited, kill: (signal) => void child.kill(signal), end, stop }
}
