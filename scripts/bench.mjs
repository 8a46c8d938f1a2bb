/**
 * `npm run bench -- [names] [--quick]`: installs the peers, runs `bench/<name>/run.ts` of the names given or of all, one after the
 * other, and makes the page of plots. What follows the names goes to every benchmark. Goes on when one fails, and then ends with 1. `--help` lists the names.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from './build/repository-root.mjs'
import { ensurePeers } from './ensure-peers.mjs'

const bench = join(repositoryRoot, 'bench')
const known = readdirSync(bench).filter((name) => existsSync(join(bench, name, 'run.ts')))
const given = process.argv.slice(2)
const firstFlag = given.findIndex((word) => word.startsWith('-'))
const names = firstFlag === -1 ? given : given.slice(0, firstFlag)
const flags = firstFlag === -1 ? [] : given.slice(firstFlag)
const unknown = names.filter((name) => !known.includes(name))

/** What is wrong with the flags, said before the peers are installed; their values are each benchmark's to read. */
function findFault() {
  const text = /** @type {const} */ ({ type: 'string' })
  const flag = /** @type {const} */ ({ type: 'boolean' })
  try {
    parseArgs({ args: flags, options: { quick: flag, rounds: text, ms: text, only: text, help: flag } })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('. ')[0] : String(error)
  }
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
function runs(file, args) {
  const all = ['--import', 'tsx', file, ...args]
  return spawnSync(process.execPath, all, { cwd: repositoryRoot, stdio: 'inherit' }).status === 0
}

const fault = findFault()
if (flags.includes('--help')) {
  console.log(`Usage: npm run bench -- [names] [options]
  names       ${known.join(', ')}; without one all, one after the other
  --quick     short rounds: all of them in under 5 minutes
  --rounds N  how often the contenders take turns
  --ms N      how long a turn is, in milliseconds
  --only TEXT only contenders and tables with this text in their name; no results are written`)
} else if (fault !== undefined) {
  console.error(`Cannot run the benchmarks: ${fault}; see --help`)
  process.exitCode = 1
} else if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(', ')}: the benchmarks are ${known.join(', ')}`)
  process.exitCode = 1
} else {
  await ensurePeers()
  const failed = (names.length > 0 ? names : known).filter((name) => {
    const startedAt = performance.now()
    console.log(`\n── ${name}`)
    const well = runs(`bench/${name}/run.ts`, flags)
    console.log(`\n${name} took ${Math.round((performance.now() - startedAt) / 1_000)} s`)
    return !well
  })
  const writes = !flags.some((flag) => flag === '--only' || flag.startsWith('--only='))
  if (writes && !runs('bench/page/write-page.ts', [])) failed.push('the page')
  if (writes && !runs('bench/page/write-figures.ts', [])) failed.push('the figures that pages quote')
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}`)
    process.exitCode = 1
  }
}
