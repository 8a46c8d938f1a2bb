import { describe, expect, it } from 'vitest'
import { toKeySlot } from './key-slot.ts'

describe('toKeySlot()', () => {
  const cases: [string, number][] = [
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{foo}.bar', 12_182],
    ['a{foo}b{c}', 12_182],
    ['', 0],
  ]
  it.each(cases)('toKeySlot() of %j is %i', (key, slot) => {
    expect(toKeySlot(key)).toBe(slot)
    expect(toKeySlot(Buffer.from(key))).toBe(slot)
  })

  it('toKeySlot() hashes all of a key whose braces are empty or open', () => {
    expect(toKeySlot('{}foo')).not.toBe(toKeySlot('foo'))
    expect(toKeySlot('{foo')).not.toBe(toKeySlot('foo'))
  })
})
