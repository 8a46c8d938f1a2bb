import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withProgress } from '../progress.mjs'
import { runNpm } from './run-npm.mjs'

/** Where the hash of the lock file that node_modules was installed from is kept, relative to the repository. */
export const lockStamp = 'node_modules/.millpond-lock-hash'

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Runs `npm ci` unless node_modules is stamped with the hash of the lock file as it is now.
 * Rejects with CommandError when it fails; node_modules is then not stamped.
 * @param {string} root the repository
 * @param {{ run?: () => Promise<void>, progress?: typeof withProgress }} [options] `run` installs
 */
export async function ensureInstalled(root, options = {}) {
  const { run = () => runNpm(['ci'], root), progress = withProgress } = options
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (readIfThere(join(root, lockStamp)) === hash) return
  await progress('Installing dependencies (npm ci)', run)
  writeFileSync(join(root, lockStamp), hash)
}
