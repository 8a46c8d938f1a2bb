import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { beforeEach, expect, it, vi } from 'vitest'
import { createAuthorize } from './authorize.ts'

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) }
})

const authorize = createAuthorize(
  new Map([
    ['first-token', 'first'],
    ['second-token', 'second'],
  ]),
)

const ask = (authorization: string | undefined, query = '') =>
  authorize({ headers: { authorization } } as IncomingMessage, query)

beforeEach(() => {
  vi.mocked(timingSafeEqual).mockClear()
})

it.each([
  ['first-token', 'first'],
  ['second-token', 'second'],
  ['first-tokeN', undefined],
  ['first', undefined],
  ['first-token-', undefined],
])('compares %s with every token in constant time', (token, access) => {
  expect([ask(`Bearer ${token}`), ask(undefined, `_token=${token}`)]).toEqual([access, access])
  const sizes = vi.mocked(timingSafeEqual).mock.calls.map((sides) => sides.map((side) => side.byteLength))
  expect(sizes).toEqual(Array(4).fill([32, 32]))
})

it('gives access to nobody without a token', () => {
  expect([ask(undefined), ask(''), ask('Basic first-token'), ask(undefined, '_token=')]).toEqual(
    Array(4).fill(undefined),
  )
})
