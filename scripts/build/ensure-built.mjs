import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withProgress } from '../progress.mjs'
import { runNpm } from './run-npm.mjs'
import { sourceHash } from './source-hash.mjs'

/** Files of the repository that decide the result of every build. */
const commonInputs = ['tsconfig.base.json', 'package-lock.json']

/** @param {string} path */
function readStamp(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Builds each of `names`, and what it needs first, unless its output is stamped with the hash of what it would be built
 * from now. Builds that do not need each other run side by side. Every one is tried before the errors of the failed ones
 * are thrown together; a build whose needs failed is not tried.
 * @template {string} Name
 * @param {string} root the repository
 * @param {Readonly<Record<Name, { folder: string, inputs: readonly string[], args: readonly string[], stamp: string, needs: readonly Name[] }>>} table
 * @param {readonly Name[]} names
 * @param {{ run?: (folder: string, args: readonly string[]) => Promise<void>, progress?: typeof withProgress }} [options] `run` builds one folder with these further arguments
 * @returns {Promise<void>}
 */
export async function ensureBuilt(root, table, names, options = {}) {
  const {
    run = (folder, args) => runNpm(['run', 'build', '-w', folder, '--', ...args], root),
    progress = withProgress,
  } = options
  const common = sourceHash(root, commonInputs, [])
  /** @type {Map<Name, Promise<string>>} */
  const started = new Map()

  /** @param {Name} name */
  const build = async (name) => {
    const { folder, inputs, args, stamp, needs } = table[name]
    const needed = await Promise.all(needs.map(ensure))
    const hash = sourceHash(join(root, folder), inputs, [common, ...needed])
    const stampPath = join(root, folder, stamp)
    if (readStamp(stampPath) === hash) return hash
    // Without its stamp a build that is cut short is not taken for a whole one.
    rmSync(stampPath, { force: true })
    await progress(`Building ${folder}`, () => run(folder, args))
    mkdirSync(dirname(stampPath), { recursive: true })
    writeFileSync(stampPath, hash)
    return hash
  }

  /**
   * @param {Name} name
   * @returns {Promise<string>}
   */
  const ensure = (name) => {
    const running = started.get(name) ?? build(name)
    started.set(name, running)
    return running
  }

  const outcomes = await Promise.allSettled(names.map(ensure))
  const errors = new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])))
  if (errors.size > 0) throw new AggregateError(errors, `Cannot continue: ${errors.size} of the builds failed`)
}
