import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry, readEntry, toText } from './entry.ts'

const entry: fc.Arbitrary<Entry> = fc.record({
  schemaVersion: fc.stringMatching(/^[\w.-]{1,10}$/),
  storedAt: fc.nat(2 ** 31),
  ttlMs: fc.nat(2 ** 31),
  loadMs: fc.nat(100_000),
  versions: fc.array(fc.stringMatching(/^[\w-]{16}$/), { maxLength: 5 }),
  body: fc.string({ unit: 'binary' }),
})

test('readEntry() gives back what toText() wrote, whatever the body', () => {
  fc.assert(
    fc.property(entry, (value) => {
      const text = toText(value)
      expect(readEntry(text)).toEqual({ ...value, head: text.slice(0, text.length - value.body.length) })
    }),
  )
})

test('readEntry() gives undefined for anything that is not an entry', () => {
  const poison = [
    '',
    '|',
    'm1',
    'm1|1|x',
    'm0|1|a|b|c||{}',
    'm1|1|?|b|c||{}',
    '{"__proto__":1}',
    '\u0000\ufffd',
    'x'.repeat(1_000),
  ]
  expect(poison.map(readEntry)).toEqual(poison.map(() => undefined))
})

test('readEntry() never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readEntry(text)))
})
