import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartupError } from '../startup-error.ts'

/** A folder that belongs to this process until `release`. */
export type FolderLock = { release(): Promise<void> }

const MARKER_LIFETIME_MS = 10_000

const heldHere = new Set<string>()

/**
 * Takes a folder for this process with a lock file `<folder>.lock` that names its pid. A lock whose process is dead is
 * taken over.
 *
 * @throws StartupError naming the folder and the pid when a living process holds it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = `${folder}.lock`
  if (heldHere.has(path)) throw heldError(folder, process.pid)
  // Before anything is awaited: a lock with our own pid looks like one from an earlier life.
  heldHere.add(path)
  try {
    await mkdir(dirname(folder), { recursive: true })
    const content = JSON.stringify({ pid: process.pid, token: randomUUID() })
    await take(folder, path, content)
    return {
      release: async () => {
        if ((await readText(path)) === content) await unlink(path)
        heldHere.delete(path)
      },
    }
  } catch (error) {
    heldHere.delete(path)
    throw error
  }
}

async function take(folder: string, path: string, content: string): Promise<void> {
  if (await create(path, content)) return
  await removeStale(folder, path)
  if (!(await create(path, content))) throw heldError(folder, readPid(await readText(path)))
}

/**
 * Removes a lock whose process is dead. Only who creates the marker of that very lock may remove it, and looks again first:
 * by the time the marker can be created a second time the lock is gone, so a lock that somebody has taken since is safe.
 */
async function removeStale(folder: string, path: string): Promise<void> {
  const seen = await readText(path)
  if (seen === undefined) return
  const pid = readPid(seen)
  if (pid !== undefined && isAlive(pid)) throw heldError(folder, pid)
  const marker = `${path}.${createHash('sha256').update(seen).digest('hex').slice(0, 16)}`
  if (!(await create(marker, ''))) return removeLeftOver(marker)
  try {
    if ((await readText(path)) === seen) await unlink(path)
  } finally {
    await unlink(marker)
  }
}

/** A marker lives for microseconds; one that is old belongs to a process that died just then. */
async function removeLeftOver(marker: string): Promise<void> {
  await ignoring('ENOENT', async () => {
    const { mtimeMs } = await stat(marker)
    if (Date.now() - mtimeMs > MARKER_LIFETIME_MS) await unlink(marker)
  })
}

/** Creates the whole file at once, so that nobody ever reads half a pid. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, content)
  try {
    return await ignoring('EEXIST', () => link(draft, path))
  } finally {
    await unlink(draft)
  }
}

function readPid(content: string | undefined): number | undefined {
  const pid = Number(/"pid":(\d+)/.exec(content ?? '')?.[1])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

function isAlive(pid: number): boolean {
  // In a container every start has the same pid: a lock with our own pid that we do not hold is from an earlier life.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

function heldError(folder: string, pid: number | undefined): StartupError {
  return new StartupError(
    `Cannot open the database folder ${folder}: process ${pid ?? 'unknown'} is using it; stop that process, or set DATA_DIR to another folder`,
  )
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

async function ignoring(code: string, action: () => Promise<void>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (hasCode(error, code)) return false
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
