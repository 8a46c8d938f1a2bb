import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '../errors.ts'
import { makeFolder } from './make-folder.ts'

/** Where a Redis of our own works. */
export interface DataFolder {
  readonly folder: string
  readonly keepsData: boolean
  /** Notes the process that works in it now. */
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

async function takeLock(lock: string, folder: string, deadline: number): Promise<void> {
  const file = await open(lock, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined
    throw toUnusable(folder, error)
  })
  if (file !== undefined) {
    await file.writeFile(await toMark(process.pid))
    return file.close()
  }
  const holder = await readFile(lock, 'utf8').catch(() => '')
  const pid = Number.parseInt(holder, 10)
  if (!(pid > 0) || (await toMark(pid)) !== holder) {
    await rm(lock, { force: true }).catch((error: NodeJS.ErrnoException) => {
      throw toUnusable(folder, error)
    })
  } else if (performance.now() > deadline) {
    throw new ConfigError(`Cannot use the data folder: process ${pid} works in "${folder}"`)
  } else {
    await wait(100)
  }
  return takeLock(lock, folder, deadline)
}

/**
 * Takes a folder for one Redis; two in the same would destroy each other's data. Throws {@link ConfigError} when another process
 * keeps it for longer than it takes to end, or when it can
 * never be made or written to.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path)
  await makeFolder(folder).catch((error: NodeJS.ErrnoException) => {
    throw toUnusable(folder, error)
  })
  const lock = join(folder, 'millpond-rest.lock')
  await takeLock(lock, folder, performance.now() + maxWaitMs)
  return {
    folder,
    keepsData: true,
    use: async (pid) => writeFile(lock, await toMark(pid)),
    leave: () => rm(lock, { force: true }),
  }
}
