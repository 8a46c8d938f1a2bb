import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'

/** Where a Redis of our own works. */
export interface DataFolder {
  readonly folder: string
  readonly keepsData: boolean
  /** Notes the process that works in it now, which keeps the folder for as long as it lives, even if this one is killed. */
  use(pid: number): Promise<void>
  leave(): Promise<void>
}

/**
 * Names a running process: its number and, where the system tells, when it started, because numbers come back, above all in
 * containers. Empty when it does not run.
 */
async function toMark(pid: number): Promise<string> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return ''
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program may hold spaces; what follows its bracket does not. The start is the 22nd field.
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return `${pid} ${startedAt}`.trim()
}

/** How long the Redis of a run that was killed may take to write its data. */
const maxWaitMs = 10_000

function toUnusable(folder: string, { code }: NodeJS.ErrnoException): ConfigError {
  return new ConfigError(
    `Cannot use the data folder: "data" must be a folder that can be made and written to, received "${folder}" (${code})`,
  )
}

async function readNumbers(locks: string): Promise<number[]> {
  return (await readdir(locks)).filter((name) => /^\d+$/.test(name)).map(Number)
}

async function readHighest(locks: string): Promise<number> {
  return Math.max(0, ...(await readNumbers(locks)))
}

/** The first process of those that a lock names that still runs. */
async function findHolder(lock: string): Promise<number | undefined> {
  const text = await readFile(lock, 'utf8').catch(() => '')
  for (const mark of text.split('\n')) {
    const pid = Number.parseInt(mark, 10)
    if (pid > 0 && (await toMark(pid)) === mark) return pid
  }
  return undefined
}

/** Puts a lock in place at once, so that nobody reads half of it. */
async function write(locks: string, pids: readonly number[], place: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(locks, `${randomUUID()}.draft`)
  try {
    await writeFile(draft, (await Promise.all(pids.map(toMark))).join('\n'))
    await place(draft)
  } finally {
    await rm(draft, { force: true })
  }
}

/**
 * Each holder's lock is a file with a number, one above the highest that was there; the highest alone counts. Who wants a folder removes
 * nothing, so that nobody takes away the lock of one who was quicker: only the next holder does, once it is the highest.
 */
async function takeLock(locks: string, folder: string, deadline: number): Promise<string> {
  const highest = await readHighest(locks)
  const pid = await findHolder(join(locks, `${highest}`))
  if (pid !== undefined) {
    if (performance.now() > deadline) {
      throw new ConfigError(`Cannot use the data folder: process ${pid} works in "${folder}"`)
    }
    await wait(100)
    return takeLock(locks, folder, deadline)
  }
  const mine = join(locks, `${highest + 1}`)
  const isTaken = await write(locks, [process.pid], (draft) => link(draft, mine)).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return true
      throw error
    },
  )
  if (isTaken) return takeLock(locks, folder, deadline)
  const numbers = await readNumbers(locks)
  if (Math.max(...numbers) > highest + 1) {
    await rm(mine, { force: true })
    return takeLock(locks, folder, deadline)
  }
  const lower = numbers.filter((number) => number <= highest)
  await Promise.all(lower.map((number) => rm(join(locks, `${number}`), { force: true })))
  return mine
}

/**
 * Takes a folder for one Redis; two in the same would destroy each other's data. Throws {@link ConfigError} when another process
 * keeps it for longer than it takes to end, or when it can
 * never be made or written to.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path)
  const locks = join(folder, 'millpond-rest.locks')
  const unusable = (error: NodeJS.ErrnoException): never => {
    throw error instanceof ConfigError ? error : toUnusable(folder, error)
  }
  await makeFolder(locks).catch(unusable)
  const lock = await takeLock(locks, folder, performance.now() + maxWaitMs).catch(unusable)
  /** One after the other: the last one that was asked for stays. */
  let noted = Promise.resolve()
  const note = (pids: readonly number[]): Promise<void> => {
    noted = noted
      .then(() => write(locks, pids, (draft) => rename(draft, lock)))
      // What stands there names this process, which is enough for as long as it runs.
      .catch(() => undefined)
    return noted
  }
  return {
    folder,
    keepsData: true,
    use: (pid) => note([process.pid, pid]),
    leave: () => note([]),
  }
}
