import { timingSafeEqual } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import { seal, unseal } from './sealed.ts'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const options = { purpose: 'person', secret: 'a secret of the site' } as const
const value = { person: 'p1', until: 7 }

beforeEach(() => {
  vi.mocked(timingSafeEqual).mockClear()
})

it('gives back what it sealed, for the same purpose and secret only', () => {
  const text = seal(value, options)
  expect(unseal(text, options)).toEqual(value)
  expect(unseal(text, { ...options, purpose: 'packed-note' })).toBeUndefined()
  expect(unseal(text, { ...options, secret: 'another' })).toBeUndefined()
})

it('refuses a text with any one character changed, and what is no sealed text', () => {
  const text = seal(value, options)
  for (let at = 0; at < text.length; at += 1) {
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    expect([at, unseal(changed, options)]).toEqual([at, undefined])
  }
  for (const other of [undefined, '', '.', '..', 'x', text.slice(0, -1), `${text}A`, `${text}.`, `.${text}`]) {
    expect(unseal(other, options)).toBeUndefined()
  }
})

it('compares signatures in constant time', () => {
  const text = seal(value, options)
  const [payload = '', signature = ''] = text.split('.')
  unseal(text, options)
  unseal(`${payload}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`, options)
  unseal(`${payload}.${'A'.repeat(signature.length)}`, options)
  expect(timingSafeEqual).toHaveBeenCalledTimes(3)
})
