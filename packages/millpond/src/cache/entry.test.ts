import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry, hasVersions, readEntry, toText } from './entry.ts'

const entry: fc.Arbitrary<Entry> = fc.record({
  schemaVersion: fc.stringMatching(/^[\w.-]{1,10}$/),
  storedAt: fc.nat(2 ** 31),
  ttlMs: fc.nat(2 ** 31),
  loadMs: fc.nat(100_000),
  versions: fc.array(fc.stringMatching(/^[\w-]{16}$/), { maxLength: 5 }),
  named: fc.constantFrom('', ';', ';abc="tag"', ';abc="a,b";def#x_-'),
  body: fc.string({ unit: 'binary' }),
})

test('readEntry() gives back what toText() wrote, whatever the body', () => {
  fc.assert(
    fc.property(entry, (value) => {
      const text = toText(value)
      const head = text.slice(0, text.length - value.body.length)
      const { named, ...plain } = value
      expect(readEntry(text)).toEqual({ ...plain, versions: value.versions.join(',') + named, head })
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
    'm1|1|a.5|b|c||{}',
    'm1|1|-1|b|c||{}',
    'm1|1||b|c||{}',
    'm1|1|zzzzzzzzzzz|b|c||{}',
    'm1|1|a|b|c|{}',
    '{"__proto__":1}',
    '\u0000\ufffd',
    'x'.repeat(1_000),
  ]
  expect(poison.map(readEntry)).toEqual(poison.map(() => undefined))
})

test('readEntry() never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readEntry(text)))
})

test('toText() writes times that can be read, whatever the clock gave', () => {
  const text = toText({ schemaVersion: '1', storedAt: 10.4, ttlMs: 1, loadMs: -3, versions: [], named: '', body: '1' })
  expect(readEntry(text)).toMatchObject({ storedAt: 10, loadMs: 0 })
})

test('hasVersions() takes exactly the versions that the entry was made against, in their order', () => {
  const read = (...versions: string[]) => {
    const entry = readEntry(
      toText({ schemaVersion: '1', storedAt: 1, ttlMs: 1, loadMs: 0, versions, named: '', body: '1' }),
    )
    return entry?.versions ?? expect.fail('an entry that was written must be readable')
  }
  expect(hasVersions(read(), [])).toBe(true)
  expect(hasVersions(read('a'), ['a'])).toBe(true)
  expect(hasVersions(read('a', 'b'), ['a', 'b'])).toBe(true)
  const others = [[], ['a'], ['a', null], ['a', 'c'], ['b', 'a'], ['a', 'b', 'c'], ['ab'], ['a', 'b', ''], ['a', '']]
  expect(others.filter((versions) => hasVersions(read('a', 'b'), versions))).toEqual([])
  expect(hasVersions(read('abc'), ['a', 'c'])).toBe(false)
  expect(hasVersions(read('a'), [null])).toBe(false)
  expect(hasVersions(read(), ['a'])).toBe(false)
  expect(hasVersions(read('a'), [])).toBe(false)
})
