import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { repositoryRoot } from '../build/repository-root.mjs'
import { breaks } from './breaks.mjs'

/** The tests of the library with one line of it broken: the one that `MILLPOND_BREAK`, an index of `breaks`, names. No file is changed. */
const library = join(repositoryRoot, 'packages/millpond')
const broken = breaks[Number(process.env.MILLPOND_BREAK)]
if (!broken) throw new RangeError(`MILLPOND_BREAK must be an index of "breaks", received ${process.env.MILLPOND_BREAK}`)
const path = join(library, 'src', broken.file)
const text = readFileSync(path, 'utf8').replace(broken.from, () => broken.to)

export default defineConfig({
  root: library,
  plugins: [{ name: 'break', enforce: 'pre', load: (id) => (id.split('?')[0] === path ? text : undefined) }],
  test: { include: ['**/*.test.ts'], testTimeout: 15_000, maxWorkers: 2 },
})
