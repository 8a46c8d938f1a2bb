import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { repositoryRoot } from '../build/repository-root.mjs'

const library = join(repositoryRoot, 'packages/millpond/src')
const page = readFileSync(join(repositoryRoot, 'docs/guide/options.md'), 'utf8')

/** The names in the first column of the table below a heading. */
function rowsBelow(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)).sort()
}

/** The members that interfaces of a file declare themselves, each name once; those of `undefined` alone are left out. */
function membersOf(file: string, interfaces: readonly string[]): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(library, file), 'utf8'), ts.ScriptTarget.ESNext)
  const declared = source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => interfaces.includes(name.text))
  expect(declared.map(({ name }) => name.text)).toEqual(interfaces)
  const members = declared.flatMap((each) => [...each.members]).filter(ts.isPropertySignature)
  const told = members.filter(({ type }) => type?.kind !== ts.SyntaxKind.UndefinedKeyword)
  return [...new Set(told.map(({ name }) => name.getText(source)))].sort()
}

test.each([
  ['`createCache`', [['cache/cache.ts', 'CacheOptions']]],
  ['`cache.define`', [['cache/define.ts', 'CommonOptions', 'DefineOptions', 'DefineManyOptions']]],
  ['`createLimiter`', [['limit/limiter.ts', 'LimiterOptions']]],
  [
    'Policies',
    [
      [
        'limit/policy.ts',
        'PolicyOptions',
        'WindowOptions',
        'FixedWindowOptions',
        'TokenBucketOptions',
        'ConcurrencyOptions',
      ],
    ],
  ],
  [
    'Stores',
    [
      ['stores/memory/index.ts', 'MemoryOptions'],
      ['stores/upstash/index.ts', 'UpstashOptions'],
    ],
  ],
])('the page of options has a row for each option of %s, and no other', (heading, sources) => {
  const options = sources.flatMap(([file = '', ...interfaces]) => membersOf(file, interfaces))
  expect(rowsBelow(heading)).toEqual(options.sort())
})

test('the page of options has a row for each error, with its code', () => {
  const source = readFileSync(join(library, 'errors.ts'), 'utf8')
  const errors = [...source.matchAll(/class (\w+) extends[^}]*?code = '(\w+)'/g)].map(
    ([, name, code]) => `| \`${name}\` | \`${code}\` |`,
  )
  expect(errors.length).toBeGreaterThan(0)
  expect(errors.filter((row) => !page.includes(row))).toEqual([])
})

test('the README of the library has each import that its package has', () => {
  const { exports } = JSON.parse(readFileSync(join(library, '../package.json'), 'utf8'))
  const readme = readFileSync(join(library, '../README.md'), 'utf8')
  const imports = Object.keys(exports).filter((path) => path !== './package.json')
  expect(
    imports.filter(
      (path) =>
        !readme.includes(`| \`millpond${path.slice(1)}\``) && !readme.includes(`, \`millpond${path.slice(1)}\``),
    ),
  ).toEqual([])
})
