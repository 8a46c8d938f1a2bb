import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../build/repository-root.mjs'
import { runNpm } from '../build/run-npm.mjs'

/** The published packages, by the folder they are in. */
export const published = /** @type {const} */ ({
  millpond: 'packages/millpond',
  'millpond-rest': 'packages/redis-rest',
})

/**
 * Packs the published packages, which must be built, as `npm publish` would.
 * @param {string} folder where the archives go
 * @returns {Promise<readonly { name: keyof typeof published, file: string }[]>}
 */
export async function packInto(folder) {
  mkdirSync(folder, { recursive: true })
  const names = /** @type {(keyof typeof published)[]} */ (Object.keys(published))
  const packed = []
  for (const name of names) {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot, published[name], 'package.json'), 'utf8'))
    await runNpm(['pack', '--workspace', published[name], '--pack-destination', folder], repositoryRoot)
    packed.push({ name, file: join(folder, `${name}-${version}.tgz`) })
  }
  return packed
}

/**
 * A new project with nothing but the packages given: what a stranger gets.
 * @param {string} folder is made
 * @param {readonly string[]} packages archives, or names with versions
 */
export async function createProject(folder, packages) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n')
  await runNpm(['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], folder)
}
