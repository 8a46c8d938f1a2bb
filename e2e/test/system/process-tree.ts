import { readdirSync, readFileSync } from 'node:fs'

interface Process {
  readonly pid: number
  readonly parent: number
  readonly state: string
}

function readProcess(pid: number): Process[] {
  try {
    // The name is in parentheses and may hold anything, also parentheses.
    const [state = '', parent = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return [{ pid, parent: Number(parent), state }]
  } catch {
    return []
  }
}

/** Every process of this machine that has not ended. Needs /proc (Linux). */
function livingProcesses(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => readProcess(Number(pid))).filter(({ state }) => state !== 'Z' && state !== 'X')
}

/** The ids of the processes that `pid` started, and of those that they started. */
export function descendantsOf(pid: number): number[] {
  const all = livingProcesses()
  const below = (parent: number): number[] =>
    all.filter((process) => process.parent === parent).flatMap(({ pid: child }) => [child, ...below(child)])
  return below(pid)
}

/** Those of `pids` that still run. */
export function stillRunning(pids: readonly number[]): number[] {
  return pids.filter((pid) => livingProcesses().some((process) => process.pid === pid))
}
