import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withProgress } from '../progress.mjs'
import { runNpm } from './run-npm.mjs'

/** What npm itself keeps of what it has installed, relative to the repository: written last, so an install that failed has none. */
export const installedLock = 'node_modules/.package-lock.json'

/**
 * @param {string} path of a lock file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>} by the folder each package is in
 */
function readPackages(path) {
  const { packages = {} } = JSON.parse(readFileSync(path, 'utf8'))
  return packages
}

/**
 * Whether npm has installed what the lock file says, whoever called it. Optional packages may be missing: they are those of other
 * systems. Versions and digests are compared and nothing else, since versions of npm differ in what else they note.
 * @param {string} root the repository
 */
export function isInstalled(root) {
  let installed
  try {
    installed = readPackages(join(root, installedLock))
  } catch {
    return false
  }
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([folder, { version, integrity, optional }]) => {
      if (folder === '') return true
      const there = installed[folder]
      return there === undefined ? optional === true : there.version === version && there.integrity === integrity
    },
  )
}

/**
 * Runs `npm ci` unless what the lock file says is installed. Rejects with CommandError when it fails.
 * @param {string} root the repository
 * @param {{ run?: () => Promise<void>, progress?: typeof withProgress }} [options] `run` installs
 */
export async function ensureInstalled(root, options = {}) {
  const { run = () => runNpm(['ci'], root), progress = withProgress } = options
  if (!isInstalled(root)) await progress('Installing dependencies (npm ci)', run)
}
