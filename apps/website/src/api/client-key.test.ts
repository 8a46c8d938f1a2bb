import { describe, expect, it } from 'vitest'
import { clientKey } from './client-key.ts'

const headers = new Headers({
  'x-headwater-socket-address': '::ffff:192.0.2.7',
  'x-forwarded-for': '203.0.113.1, 198.51.100.2',
  'x-vercel-forwarded-for': '198.51.100.3',
  'cf-connecting-ip': '2001:db8:1:2:3:4:5:6',
})

describe('clientKey()', () => {
  it.each([
    ['socket', '192.0.2.7'],
    [{ proxies: 1 }, '198.51.100.2'],
    [{ proxies: 2 }, '203.0.113.1'],
    ['vercel', '198.51.100.3'],
    ['cloudflare', '2001:db8:1:2::/64'],
  ] as const)('reads the address of the profile %j', (profile, address) => {
    expect(clientKey(headers, { profile, hasSocketAddress: true })).toBe(address)
  })

  it('does not believe the socket header when server.mjs does not run the site', () => {
    expect(clientKey(headers, { profile: 'socket', hasSocketAddress: false })).toBe('unknown')
  })
})
