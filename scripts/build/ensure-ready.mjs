import { join } from 'node:path'
import { buildables, withoutSite, withSite } from './buildables.mjs'
import { ensureBuilt } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { nodeVersionFault } from './node-version.mjs'
import { repositoryRoot } from './repository-root.mjs'
import { CommandError } from './run-npm.mjs'
import { withLock } from './with-lock.mjs'

/** @param {unknown} error */
function report(error) {
  if (error instanceof AggregateError) error.errors.forEach(report)
  if (error instanceof CommandError) console.error(error.output.trimEnd())
  console.error(error instanceof Error ? error.message : error)
}

/**
 * Makes a clone ready to run: dependencies as in the lock file, then every build that is not up to date. Imports nothing but Node.js, since
 * node_modules may not exist yet. Says what is wrong, and resolves with whether all is well.
 * @param {{ site: boolean }} options whether the website is built too
 * @returns {Promise<boolean>}
 */
export async function ensureReady({ site }) {
  const fault = nodeVersionFault(process.versions.node)
  if (fault !== undefined) {
    console.error(fault)
    return false
  }
  try {
    await withLock(join(repositoryRoot, '.millpond', 'ensure-deps.lock'), async () => {
      await ensureInstalled(repositoryRoot)
      await ensureBuilt(repositoryRoot, buildables, site ? withSite : withoutSite)
    })
    return true
  } catch (error) {
    report(error)
    return false
  }
}
