import { describe, expect, it } from 'vitest'
import { createSealer, SealError } from './seal.ts'

const key = (id: string, byte: number) => ({ id, key: Buffer.alloc(32, byte) })

describe('createSealer()', () => {
  it('createSealer() opens what it sealed, never seals alike, and opens what an older key sealed', () => {
    const old = createSealer([key('a', 1)])
    const sealed = old.seal('token', 'ana')
    expect(sealed).not.toBe(old.seal('token', 'ana'))
    const rotated = createSealer([key('b', 2), key('a', 1)])
    expect(rotated.open(sealed, 'ana')).toBe('token')
    expect(rotated.seal('token', 'ana').startsWith('b.')).toBe(true)
  })

  it.each([
    ['another context', (sealed: string) => sealed, 'ben'],
    [
      'a changed text',
      (sealed: string) => `${sealed.slice(0, 12)}${sealed[12] === 'A' ? 'B' : 'A'}${sealed.slice(13)}`,
      'ana',
    ],
    ['a cut text', () => 'a.AAAA', 'ana'],
    ['an unknown key', (sealed: string) => sealed.replace('a.', 'z.'), 'ana'],
  ])('createSealer() does not open %s', (_, change, context) => {
    const sealer = createSealer([key('a', 1)])
    expect(() => sealer.open(change(sealer.seal('token', 'ana')), context)).toThrow(SealError)
  })
})
