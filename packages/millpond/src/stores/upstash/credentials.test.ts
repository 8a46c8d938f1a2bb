import { expect, test } from 'vitest'
import { upstash, upstashCache, upstashLimits } from './index.ts'

const url = 'https://calm-otter-12345.upstash.io'
const token = 'AYNgASQgNzk5OTk5'

test.each([
  [undefined, '"url" must be the REST address of the database, received nothing'],
  [null, '"url" must be the REST address of the database, received nothing'],
  [{ url: '', token }, '"url" must be the REST address of the database, received nothing'],
  [{ url: undefined, token }, '"url" must be the REST address of the database, received nothing'],
  [{ url: 'calm otter', token }, '"url" must be an address such as https://name.upstash.io, received a malformed one'],
  [{ url: 'redis://localhost:6379', token }, '"url" must be an http or https address, received redis:'],
  [{ url: '<your url>', token }, '"url" must be the REST address of the database, received a placeholder'],
  [{ url: 'https://example.upstash.io', token }, '"url" must be the REST address of a real database'],
  [{ url, token: '' }, '"token" must be the REST token of the database, received nothing'],
  [{ url, token: 'your-token-here' }, '"token" must be the REST token of the database, received a placeholder'],
  [{ url, token: 'xxxxxx' }, '"token" must be the REST token of the database, received a placeholder'],
  [{ url, token: '<token>' }, '"token" must be the REST token of the database, received a placeholder'],
])('upstash(%j) throws', (options, message) => {
  for (const create of [upstash, upstashCache, upstashLimits])
    expect(() => create(options as { url: string; token: string })).toThrow(
      `Cannot create an Upstash store: ${message}`,
    )
})

test('upstash() takes real credentials without asking the network', () => {
  const refuse = () => Promise.reject(new TypeError('asked the network'))
  expect(upstash({ url, token, fetch: refuse }).kind).toBe('upstash')
})
