import { expect, test } from 'vitest'
import { createRecent } from './recent.ts'

test('createRecent() holds at least the last `max`, at most twice as many', () => {
  const recent = createRecent<string, number>(10)
  for (let value = 0; value < 100; value += 1) recent.set(`${value}`, value)
  const held = Array.from({ length: 100 }, (_, value) => recent.get(`${value}`)).filter((value) => value !== undefined)
  expect(held.slice(-10)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  expect(held.length).toBeLessThanOrEqual(20)
})

test('createRecent() keeps what is used', () => {
  const recent = createRecent<string, number>(10)
  recent.set('used', -1)
  for (let value = 0; value < 100; value += 1) {
    recent.set(`${value}`, value)
    expect(recent.get('used')).toBe(-1)
  }
})
