import { expect, test } from 'vitest'
import { toClusterSlot } from './cluster-slot.ts'

test.each([
  ['123456789', 0x31c3 % 16_384],
  ['foo', 12_182],
  ['{foo}bar', 12_182],
  ['mp:app:e{foo}', 12_182],
  ['foo{}bar', toClusterSlot('foo{}bar')],
  ['{}', toClusterSlot('{}')],
  ['', 0],
])('toClusterSlot(%j) is %d', (key, slot) => {
  expect(toClusterSlot(key)).toBe(slot)
})

test('toClusterSlot() takes the whole key where the hash tag is empty or open', () => {
  expect(toClusterSlot('{}foo')).not.toBe(toClusterSlot('foo'))
  expect(toClusterSlot('{foo')).not.toBe(toClusterSlot('foo'))
})
