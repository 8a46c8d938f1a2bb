import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { compareRates } from './interleave.ts'

test('compareRates() takes turns, prepares each turn and never repeats an index', async () => {
  const order: string[] = []
  const seen = new Set<number>()
  const contender = (name: string) => ({
    name,
    prepare: () => void order.push(name),
    run: async (index: number) => {
      if (name === 'a') expect(seen.has(index)).toBe(false)
      if (name === 'a') seen.add(index)
      await sleep(1)
    },
  })
  const loop = { concurrency: 4, durationMs: 10, rounds: 2, group: '4 callers' }
  const options = { ...loop, ceiling: 'a', ceilings: { toB: 'b' } }
  const rows = await compareRates([contender('a'), contender('b')], options)
  expect(order).toEqual(['a', 'b', 'a', 'b', 'b', 'a'])
  expect(rows.map(({ contender, group }) => [contender, group])).toEqual([
    ['a', '4 callers'],
    ['b', '4 callers'],
  ])
  const same = { median: 1, q1: 1, q3: 1, n: 2 }
  expect([rows[0]?.values.ratio, rows[1]?.values.toB]).toEqual([same, same])
})

test('compareRates() throws when the ceiling is nobody', async () => {
  const options = { concurrency: 1, durationMs: 1, rounds: 1, group: '', ceiling: 'c' }
  await expect(compareRates([{ name: 'a', run: () => sleep(1) }], options)).rejects.toThrow(
    'Cannot compare: no contender is named "c"',
  )
})
