import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { breaks } from '../break/breaks.mjs'
import { repositoryRoot } from '../build/repository-root.mjs'
import { namedTests } from './named-tests.mjs'

const library = join(repositoryRoot, 'packages/millpond')
const page = readFileSync(join(repositoryRoot, 'ARCHITECTURE.md'), 'utf8')
const rows = [...page.matchAll(/^\| (C\d|L\d|HTTP) \| .*$/gm)].map(([row, guarantee = '']) => ({ guarantee, row }))
const guarantees = ['C', 'L'].flatMap((letter) => Array.from({ length: 9 }, (_, index) => `${letter}${index + 1}`))

test('namedTests() reads files, and the titles behind each', () => {
  expect(namedTests('| C1 | x | `a.test.ts` "one … two", `b/*.test.ts` (`kill -9`), `c.ts` "three" |')).toEqual([
    { file: 'a.test.ts', titles: ['one', 'two'] },
    { file: 'b/*.test.ts', titles: [] },
    { file: 'c.ts', titles: ['three'] },
  ])
})

test('ARCHITECTURE.md has a row for each guarantee, and `npm run break` a way to break it', () => {
  expect(rows.map(({ guarantee }) => guarantee).filter((name) => name !== 'HTTP')).toEqual(guarantees)
  expect(guarantees.filter((name) => !breaks.some(({ guarantee }) => guarantee === name))).toEqual([])
})

/** The text of a file, or of all that a name with a `*` stands for. */
function readNamed(file: string): string {
  const root = /^(apps|e2e)\//.test(file) ? repositoryRoot : library
  const [start = '', end = ''] = basename(file).split('*')
  const isNamed = (name: string) => (end === '' ? name === start : name.startsWith(start) && name.endsWith(end))
  const folder = join(root, dirname(file))
  const names = existsSync(folder) ? readdirSync(folder).filter(isNamed) : []
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
}

test.each(rows)('the tests that ARCHITECTURE.md names for $guarantee exist', ({ row }) => {
  const named = namedTests(row)
  expect(named.length).toBeGreaterThan(0)
  for (const { file, titles } of named) {
    const text = readNamed(file)
    expect(text, `${file} is not empty`).not.toBe('')
    const plain = text.replaceAll('_', '')
    expect(
      titles.filter((title) => !plain.includes(title)),
      `titles that ${file} has not`,
    ).toEqual([])
  }
})
