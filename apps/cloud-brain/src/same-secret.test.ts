import { timingSafeEqual } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import { isSameSecret } from './same-secret.ts'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

beforeEach(() => {
  vi.mocked(timingSafeEqual).mockClear()
})

it.each([
  ['the same', 'a-secret', 'a-secret', true],
  ['another of the same length', 'a-secret', 'a-secreT', false],
  ['a shorter one', 'a-secret', 'a', false],
  ['a longer one', 'a-secret', 'a-secret-', false],
  ['nothing', 'a-secret', '', false],
])('compares a secret with %s in constant time: one comparison of two digests', (_, known, given, same) => {
  expect(isSameSecret(given, known)).toBe(same)
  expect(vi.mocked(timingSafeEqual).mock.calls.map((sides) => sides.map((side) => side.byteLength))).toEqual([[32, 32]])
})
