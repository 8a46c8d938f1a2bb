import { expect, test } from 'vitest'
import type { Measure, Table } from '../harness/results.ts'
import { drawBars } from './draw-bars.ts'

const rate = { key: 'perSecond', title: 'rate', unit: '/s', better: 'higher' } as const satisfies Measure
const spread = (value: number) => ({ median: value, q1: value * 0.9, q3: value * 1.1, n: 5 })

function tableOf(...values: (number | string | null)[]): Table {
  const rows = values.map((value, index) => ({
    contender: `c${index}`,
    group: '64 callers',
    values: { perSecond: typeof value === 'number' ? spread(value) : value },
  }))
  return { id: 't', title: 'Hits <5 tags>', measures: [rate], rows }
}

test('drawBars() draws a bar and a whisker for each row that has a number', () => {
  const svg = drawBars(tableOf(100, 50, 'throws', null), rate) ?? ''
  expect([...svg.matchAll(/<rect class="peer" [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]))).toEqual([
    390.9, 195.5,
  ])
  expect([...svg.matchAll(/class="whisker" d=/g)].length).toBe(2)
})

test('drawBars() escapes what it prints', () => {
  expect(drawBars(tableOf(1), rate)).toContain('Hits &lt;5 tags&gt;: rate, longer is better')
})

test('drawBars() draws nothing when no row has a number', () => {
  expect(drawBars(tableOf(null, 'never'), rate)).toBeUndefined()
})
