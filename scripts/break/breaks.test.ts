import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repositoryRoot } from '../build/repository-root.mjs'
import { breaks } from './breaks.mjs'

const library = join(repositoryRoot, 'packages/millpond')

test.each(breaks)(
  'the line that $guarantee hangs on is where `npm run break` looks for it: $what',
  ({ file, from, tests }) => {
    expect(readFileSync(join(library, 'src', file), 'utf8').split(from).length - 1).toBe(1)
    expect(tests.filter((path) => !existsSync(join(library, path)))).toEqual([])
  },
)
