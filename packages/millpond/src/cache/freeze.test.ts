import { expect, test } from 'vitest'
import { freeze } from './freeze.ts'

test('freeze() freezes plain data to its depth', () => {
  const value = { list: [{ deep: 1 }], nothing: null }
  expect(freeze(value)).toBe(true)
  expect([value, value.list, value.list[0]].every(Object.isFrozen)).toBe(true)
})

test.each([[new Date(0)], [new Uint8Array(1)], [new Map()], [() => {}]])(
  'freeze() cannot freeze %o, nor what holds it',
  (item) => {
    const value = { item }
    expect(freeze(value)).toBe(false)
    expect(Object.isFrozen(value)).toBe(false)
  },
)

test.each([[1], ['text'], [null], [undefined], [true], [1n]])('freeze() has nothing to do for %o', (value) => {
  expect(freeze(value)).toBe(true)
})
