/**
 * Makes a clone ready to run: dependencies as in the lock file, then every build that is not up to date. Runs before
 * `npm start`, `npm run dev` and `npm test`, when node_modules may not exist yet, so it imports nothing but Node.js.
 * The website is built for `npm start` and with --site.
 */
import { join } from 'node:path'
import { buildables, withoutSite, withSite } from './build/buildables.mjs'
import { ensureBuilt } from './build/ensure-built.mjs'
import { ensureInstalled } from './build/ensure-installed.mjs'
import { nodeVersionFault } from './build/node-version.mjs'
import { repositoryRoot } from './build/repository-root.mjs'
import { CommandError } from './build/run-npm.mjs'
import { withLock } from './build/with-lock.mjs'

/** @param {unknown} error */
function report(error) {
  if (error instanceof AggregateError) error.errors.forEach(report)
  if (error instanceof CommandError) console.error(error.output.trimEnd())
  console.error(error instanceof Error ? error.message : error)
}

const fault = nodeVersionFault(process.versions.node)
const needsSite = process.argv.includes('--site') || process.env.npm_lifecycle_event === 'prestart'

if (fault !== undefined) {
  console.error(fault)
  process.exitCode = 1
} else {
  await withLock(join(repositoryRoot, '.millpond', 'ensure-deps.lock'), async () => {
    await ensureInstalled(repositoryRoot)
    await ensureBuilt(repositoryRoot, buildables, needsSite ? withSite : withoutSite)
  }).catch((error) => {
    report(error)
    process.exitCode = 1
  })
}
