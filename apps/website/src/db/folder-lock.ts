import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Another living process holds the folder. Two on one embedded database would lose data without a word. */
export class FolderLockedError extends Error {
  readonly code = 'ERR_FOLDER_LOCKED'
  readonly folder: string
  readonly pid: number
  constructor(folder: string, pid: number) {
    super(`Cannot open the database folder ${folder}: process ${pid} has it open`)
    this.folder = folder
    this.pid = pid
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** The pid in a lock file; undefined when there is no file, or none that a process could have written. */
function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim())
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function tryCreate(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Takes a dead process's lock away. Renaming first shows whether somebody else was quicker and put a living one there. */
function removeDead(path: string): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const pid = readPid(aside)
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) renameSync(aside, path)
  else rmSync(aside, { force: true })
}

/**
 * Takes `folder` (made when missing) for this process by a file with its pid, and returns the release.
 * A lock of a process that no longer lives is taken over; so is one with our own pid, which after a restart of a
 * container means the one before. Throws {@link FolderLockedError}.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'website.lock')
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (tryCreate(path)) return () => rmSync(path, { force: true })
    const pid = readPid(path)
    if (pid !== undefined && pid !== process.pid && isAlive(pid)) throw new FolderLockedError(folder, pid)
    removeDead(path)
  }
  throw new FolderLockedError(folder, readPid(path) ?? 0)
}
