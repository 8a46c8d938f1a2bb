import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quoteNumbers } from './quote-numbers.ts'

describe('quoteNumbers()', () => {
  const cases: [string, string][] = [
    ['[1,2.50,-0,1e3,1E+2]', '["1","2.50","-0","1e3","1E+2"]'],
    ['[9007199254740993]', '["9007199254740993"]'],
    ['["1",true,null]', '["1",true,null]'],
    ['["a\\"1",2]', '["a\\"1","2"]'],
    ['["a\\\\",2]', '["a\\\\","2"]'],
    ['["\\\\\\"9",[3]]', '["\\\\\\"9",["3"]]'],
    ['[ 1 , 2 ]', '[ "1" , "2" ]'],
    ['', ''],
  ]
  it.each(cases)('quoteNumbers() turns %s into %s', (json, quoted) => {
    expect(quoteNumbers(json)).toBe(quoted)
  })

  it('quoteNumbers() changes numbers only, for any JSON', () => {
    const toText = (value: unknown): unknown => {
      if (typeof value === 'number') return JSON.stringify(value)
      if (Array.isArray(value)) return value.map(toText)
      if (value === null || typeof value !== 'object') return value
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toText(item)]))
    }
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (json, indent) => {
        const value: unknown = JSON.parse(json)
        expect(JSON.stringify(JSON.parse(quoteNumbers(JSON.stringify(value, null, indent))))).toBe(
          JSON.stringify(toText(value)),
        )
      }),
      { numRuns: 1_000 },
    )
  })
})
