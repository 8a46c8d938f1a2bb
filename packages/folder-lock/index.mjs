import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

export class FolderLockedError extends Error {
  code = /** @type {const} */ ('ERR_FOLDER_LOCKED')
  name = 'FolderLockedError'

  /**
   * @param {string} folder
   * @param {number} pid
   */
  constructor(folder, pid) {
    super(`Cannot open the folder ${folder}: process ${pid} has it open; stop that process, or choose another folder`)
    this.folder = folder
    this.pid = pid
  }
}

const RELEASED = 0
const MOST_TRIES = 100

/** Folders that this process holds or is about to. */
const ours = new Set()

/**
 * Each holder's lock is a file whose name is a number, one above the highest there was; the highest alone counts. A dead or released lock is never
 * removed by those who want it, only by the next holder once it is the highest: so there is no moment without a lock in which two could begin anew, and
 * whoever was slow finds, after making its file, that it is not the highest, and starts again.
 *
 * @param {string} folder
 */
export async function lockFolder(folder) {
  const path = await toRealPath(resolve(folder))
  if (ours.has(path)) throw new FolderLockedError(folder, process.pid)
  ours.add(path)
  try {
    const release = await take(`${path}.locks`, folder)
    /** @type {Promise<void> | undefined} */
    let released
    return {
      // Once only: a second call could take the name of whoever holds the folder by then.
      release() {
        released ??= release().then(
          () => void ours.delete(path),
          (error) => {
            released = undefined
            throw error
          },
        )
        return released
      },
    }
  } catch (error) {
    ours.delete(path)
    throw error
  }
}

/**
 * @param {string} locks
 * @param {string} folder
 */
async function take(locks, folder) {
  await makeFolder(locks)
  for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
    const highest = await readHighest(locks)
    const pid = highest === 0 ? RELEASED : await readPid(join(locks, String(highest)))
    if (pid === undefined) continue
    if (isAlive(pid)) throw new FolderLockedError(folder, pid)
    const mine = join(locks, String(highest + 1))
    if (!(await write(locks, process.pid, (draft) => link(draft, mine)))) continue
    if ((await readHighest(locks)) !== highest + 1) {
      await rm(mine, { force: true })
      continue
    }
    await removeBelow(locks, highest + 1)
    return async () => void (await write(locks, RELEASED, (draft) => rename(draft, mine)))
  }
  throw new FolderLockedError(folder, RELEASED)
}

/**
 * Not by the recursive mkdir of Node.js: below /proc, where a folder is there and none can be made in it, that tries for ever.
 *
 * @param {string} folder
 */
export async function makeFolder(folder) {
  const path = resolve(folder)
  try {
    await mkdir(path)
  } catch (error) {
    if (await isFolder(path)) return
    if (!hasCode(error, 'ENOENT')) throw error
    const parent = dirname(path)
    if (!(await isFolder(parent))) await makeFolder(parent)
    await mkdir(path).catch(async (again) => {
      // Another may have been quicker.
      if (!(await isFolder(path))) throw again
    })
  }
}

/**
 * The one name of a folder, whatever links lead to it; of one that is not there yet, by those above it. What else is wrong is told when it is made.
 *
 * @param {string} path
 * @returns {Promise<string>}
 */
async function toRealPath(path) {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await toRealPath(parent), basename(path))
  }
}

/** @param {string} path */
async function isFolder(path) {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** @param {string} locks */
async function readNumbers(locks) {
  const names = await readdir(locks)
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

/** @param {string} locks */
async function readHighest(locks) {
  return Math.max(0, ...(await readNumbers(locks)))
}

/**
 * @param {string} locks
 * @param {number} number
 */
async function removeBelow(locks, number) {
  const lower = (await readNumbers(locks)).filter((other) => other < number)
  await Promise.all(lower.map((other) => rm(join(locks, String(other)), { force: true })))
}

/**
 * The pid in a lock; undefined when the lock has gone meanwhile.
 * @param {string} path
 */
async function readPid(path) {
  try {
    return Number(await readFile(path, 'utf8')) || RELEASED
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Puts a whole file in place at once, so that nobody reads half a pid. False when the place is taken.
 * @param {string} locks
 * @param {number} pid
 * @param {(draft: string) => Promise<void>} put
 */
async function write(locks, pid, put) {
  const draft = join(locks, `${randomUUID()}.draft`)
  try {
    await writeFile(draft, String(pid))
    await put(draft)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (pid === RELEASED || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code
}
