import { describe, expect, it } from 'vitest'
import { ConfigError } from './errors.ts'
import { readTokens, type TokenOptions } from './tokens.ts'

describe('readTokens()', () => {
  it('makes a random token when none is given', () => {
    const [[one], [other]] = [readTokens(undefined), readTokens(undefined)]
    expect(one).toMatchObject({ isReadOnly: false, prefix: '' })
    expect(one.token).toMatch(/^[\w-]{32}$/)
    expect(one.token).not.toBe(other.token)
  })

  it('gives each token the rights that it names', () => {
    expect(readTokens(['a', { token: 'b', readOnly: true }, { token: 'c', prefix: 'c:' }])).toEqual([
      { token: 'a', isReadOnly: false, prefix: '' },
      { token: 'b', isReadOnly: true, prefix: '' },
      { token: 'c', isReadOnly: false, prefix: 'c:' },
    ])
  })

  it.each([
    ['a misspelt field, which would give all rights', { token: 'secret', readonly: true }, 'no fields but'],
    ['a right that is no boolean', { token: 'secret', readOnly: 'yes' }, '"readOnly" must be true or false'],
    ['a prefix that is no text', { token: 'secret', prefix: 1 }, '"prefix" must be a text'],
    ['a space', 'sec ret', 'printable ASCII'],
    ['the same twice', ['secret', { token: 'secret', readOnly: true }], 'given twice'],
    ['an empty list', [], 'empty list'],
  ])('refuses %s, without repeating a token', (_, given, message) => {
    const read = () => readTokens(given as TokenOptions)
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(message)
    expect(read).not.toThrow(/secret/)
  })
})
