/**
 * `npm run ok`: everything that continuous integration checks, in its order. The checks are all run, so that one run shows all
 * that is wrong; the tests follow when the checks pass, and their closing line `N passed, N failed, N skipped` is the last line.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { repositoryRoot } from './build/repository-root.mjs'

const tsc = 'node_modules/typescript/bin/tsc'
const typed = [
  'packages/millpond',
  'packages/redis-rest',
  'packages/folder-lock',
  'packages/postgres-pool',
  'apps/cloud-brain',
  'apps/website',
  'e2e',
  'scripts',
  'bench',
]

/** @type {readonly (readonly [string, readonly string[]])[]} what is checked, and the arguments of node that check it */
const checks = [
  ['tests that go red when a guarantee breaks', ['scripts/break.mjs', '--first']],
  ['packages', ['scripts/check-packages.mjs']],
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'ci', '.']],
  ...typed.map((folder) => /** @type {const} */ ([`types of ${folder}`, [tsc, '-p', `${folder}/tsconfig.json`]])),
  ['import arrows', ['scripts/check-arrows.mjs']],
  ['figures of the pages', ['--import', 'tsx', 'bench/page/write-figures.ts', '--check']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['links of the pages', ['scripts/check-links.mjs']],
]

/**
 * @param {string} title
 * @param {readonly string[]} args
 * @returns {boolean} whether it ended well
 */
function passes(title, args) {
  console.log(`\n── ${title}`)
  return spawnSync(process.execPath, args, { cwd: repositoryRoot, stdio: 'inherit' }).status === 0
}

/**
 * Runs two at a time, the longest first, and shows what each printed when it ends.
 *
 * @param {typeof checks} all
 * @returns {Promise<readonly string[]>} the titles of those that did not end well
 */
async function failuresOf(all) {
  const waiting = all.values()
  /** @type {string[]} */
  const failed = []
  const work = async () => {
    for (const [title, args] of waiting) {
      const startedAt = performance.now()
      const child = spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'pipe', 'pipe'] })
      const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
      console.log(`\n── ${title} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
      process.stdout.write(output + errors)
      if (code !== 0) failed.push(title)
    }
  }
  await Promise.all([work(), work()])
  return failed
}

/** @param {readonly string[]} failed */
function endWith(failed) {
  console.error(`\nFailed: ${failed.join(', ')}`)
  console.log(`0 passed, ${failed.length} failed, 0 skipped`)
  process.exitCode = 1
}

async function main() {
  if (!passes('dependencies and builds', ['scripts/ensure-deps.mjs', '--site']))
    return endWith(['dependencies and builds'])
  if (!passes('peers of the benchmarks', ['scripts/ensure-peers.mjs'])) return endWith(['peers of the benchmarks'])
  const failed = await failuresOf(checks)
  if (failed.length > 0) return endWith(failed)
  if (!passes('tests', ['node_modules/vitest/vitest.mjs', 'run'])) process.exitCode = 1
}

await main()
