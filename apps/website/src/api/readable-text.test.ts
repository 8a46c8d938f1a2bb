import { describe, expect, it } from 'vitest'
import { isReadableMessage, readableLine } from './readable-text.ts'

const faultOf = (text: string) => readableLine.safeParse(text).error?.issues[0]?.message

describe('readableLine', () => {
  it.each(['Ada', 'Zoë', 'שָׁלוֹם', 'ลิ้นจี่', 'क्षि', 'नमस्ते', '👩‍👩‍👧 ❤️', 'می‌خواهم', ''])('takes %s', (text) => {
    expect(faultOf(text)).toBe(undefined)
  })

  it.each([
    ['NUL', 'a\0b'],
    ['a line break', 'a\nb'],
    ['an override of the direction', 'a\u202Eb'],
    ['an isolate', 'a\u2066b'],
    ['a zero-width space', 'a\u200Bb'],
    ['a word joiner', 'a\u2060b'],
    ['a byte order mark', 'a\uFEFFb'],
    ['the first half of a character', 'a\uD83D'],
    ['the second half of a character', '\uDC69a'],
  ])('refuses %s', (_, text) => {
    expect(faultOf(text)).toBe('must not contain control characters')
  })

  it('refuses a pile of accents', () => {
    expect(faultOf(`a${'\u0301\u0316'.repeat(20)}`)).toBe('must not pile up accents')
  })
})

describe('isReadableMessage()', () => {
  it('allows lines, tabs and signs of direction, and neither NUL nor half a character', () => {
    expect(['a\n\tb', '\u2067שלום\u2069', 'a\0', 'a\r', 'a\uD800'].map(isReadableMessage)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})
