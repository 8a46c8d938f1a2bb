import { describe, expect, it } from 'vitest'
import { clientKey, toTakes } from './client-key.ts'

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
    expect(clientKey(headers, { profile, hasSocketAddress: true })).toEqual({ kind: 'ip', address })
  })

  it('does not believe the socket header when server.mjs does not run the site', () => {
    expect(clientKey(headers, { profile: 'socket', hasSocketAddress: false })).toEqual({
      kind: 'unknown',
      address: 'unknown',
    })
  })
})

describe('toTakes()', () => {
  it('takes what is wanted of an address, and only the small policy of those who have none', () => {
    const wanted = ['global', 'waitlist'] as const
    expect(toTakes({ kind: 'ip', address: '192.0.2.7' }, wanted)).toEqual([
      { policy: 'global', key: '192.0.2.7' },
      { policy: 'waitlist', key: '192.0.2.7' },
    ])
    expect(toTakes({ kind: 'unknown', address: 'unknown' }, wanted)).toEqual([{ policy: 'unknown', key: 'unknown' }])
  })
})
