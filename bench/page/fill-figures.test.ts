import { expect, test } from 'vitest'
import type { Results } from '../harness/results.ts'
import { fillFigures } from './fill-figures.ts'

const results = [
  {
    name: 'cache',
    tables: [
      {
        id: 'hits',
        rows: [{ contender: 'ours', group: 'c', values: { rate: { median: 12_345, q1: 1, q3: 2, n: 3 }, bytes: 7 } }],
      },
    ],
  },
] as unknown as Results[]

test('fillFigures() puts in what the results have, whatever stood there', () => {
  const page = (rate: string, bytes: string) =>
    `<!-- figure cache/hits "ours" "c" rate -->${rate}<!-- end -->/s, <!-- figure cache/hits "ours" bytes -->${bytes}<!-- end --> bytes`
  expect(fillFigures(page('9 k', '?'), results)).toBe(page('12.3 k', '7'))
})

test('fillFigures() throws when a figure names what no result has', () => {
  const page = '<!-- figure cache/hits "theirs" rate -->1<!-- end -->'
  expect(() => fillFigures(page, results)).toThrow(
    'Cannot fill a figure: no result has <!-- figure cache/hits "theirs"',
  )
})
