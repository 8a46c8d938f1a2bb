import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isRunning } from '../is-running.mjs'

/**
 * @param {string} path
 * @returns {number | undefined} the process that holds the lock; undefined when the lock is now ours
 */
function tryLock(path) {
  // A link appears with its content, so nobody reads a lock file that has no holder yet.
  const own = `${path}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, path)
    return undefined
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(own, { force: true })
  }
  const holder = readHolder(path)
  if (holder !== undefined && isRunning(holder)) return holder
  rmSync(path, { force: true })
  return tryLock(path)
}

/** @param {string} path */
function readHolder(path) {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/**
 * Runs `body` while this process alone holds the lock file at `path`; waits for another process that holds it.
 * The lock of a process that is gone is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} body
 * @param {{ write?: (line: string) => void, pollMs?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, body, { write = console.log, pollMs = 250 } = {}) {
  mkdirSync(dirname(path), { recursive: true })
  for (let told = false, holder = tryLock(path); holder !== undefined; holder = tryLock(path)) {
    if (!told) write(`… Waiting for process ${holder}, which is installing or building`)
    told = true
    await delay(pollMs)
  }
  try {
    return await body()
  } finally {
    rmSync(path, { force: true })
  }
}
