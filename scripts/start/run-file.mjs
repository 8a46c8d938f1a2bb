import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isRunning } from '../is-running.mjs'

/**
 * What other programs (tests, a measurement, a person with curl) need to know about the running system.
 * @typedef {object} RunInfo
 * @property {string} site
 * @property {string} api
 * @property {string} token a bearer token of the demo user; only valid for this development system
 * @property {'upstash' | 'redis' | 'memory'} store
 * @property {number} pid the process that owns the file and removes it
 * @property {{ pid: number, port: number } | undefined} [redis] the redis-server that was started for this run
 */

/** @param {string} path */
function ownerOf(path) {
  try {
    return Number(JSON.parse(readFileSync(path, 'utf8')).pid) || undefined
  } catch {
    return undefined
  }
}

/**
 * Writes the file in one step, readable by its owner only; a reader sees the old content, the new one or no file.
 * @param {string} path
 * @param {RunInfo} info
 */
export function writeRunFile(path, info) {
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 })
  chmodSync(unfinished, 0o600)
  renameSync(unfinished, path)
}

/**
 * Removes the file if the process `pid` wrote it.
 * @param {string} path
 * @param {number} [pid]
 */
export function removeOwnRunFile(path, pid = process.pid) {
  if (ownerOf(path) === pid) rmSync(path, { force: true })
}

/**
 * Removes a file left behind by a process that was killed, so that nobody waits for a system that is gone.
 * @param {string} path
 */
export function removeStaleRunFile(path) {
  const owner = ownerOf(path)
  if (owner === undefined || !isRunning(owner)) rmSync(path, { force: true })
}
