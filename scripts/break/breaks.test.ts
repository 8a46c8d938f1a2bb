import { spawnSync } from 'node:child_process'
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

/** What `node scripts/break.mjs` says and ends with. */
function runBreak(...args: string[]) {
  const script = join(repositoryRoot, 'scripts/break.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('npm run break says what there is to break, and of what there is not so in one line', () => {
  expect(runBreak('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('C1 C2 C3'), stderr: '' })
  expect(runBreak('C99')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(/^.*received "C99"\n$/),
  })
})
