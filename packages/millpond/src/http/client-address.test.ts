import { expect, test } from 'vitest'
import { clientAddress } from './client-address.ts'
import { toNetwork } from './ip-address.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  [' 203.0.113.7 ', '203.0.113.7'],
  ['203.0.113.7:51000', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
  ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['64:ff9b::203.0.113.7', '203.0.113.7'],
  ['64:FF9B:0:0:0:0:cb00:7107', '203.0.113.7'],
  ['64:ff9b:1::203.0.113.7', '64:ff9b:1:0::/64'],
  ['64:ff9b::1:203.0.113.7', '64:ff9b:0:0::/64'],
])('toNetwork(%j) is %j', (text, network) => {
  expect(toNetwork(text)).toBe(network)
})

test.each([
  '',
  'unknown',
  '_hidden',
  '203.0.113',
  '203.0.113.256',
  '203.0.113.07',
  '0x7f.1',
  '2130706433',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  ':::',
  '1:2:3:4:5:6:7::8',
  '12345::',
  'g::1',
  '1.2.3.4::',
  '203.0.113.7, 10.0.0.1',
  '203.0.113.7\u0000',
  `${'1:'.repeat(40)}1`,
])('toNetwork(%j) is undefined', (text) => {
  expect(toNetwork(text)).toBeUndefined()
})

const forged = {
  'x-forwarded-for': '1.1.1.1, 2.2.2.2, 3.3.3.3',
  'x-real-ip': '1.1.1.1',
  forwarded: 'for=1.1.1.1',
  'true-client-ip': '1.1.1.1',
}

test.each([
  ['socket', { ...forged, 'cf-connecting-ip': '1.1.1.1', 'x-vercel-forwarded-for': '1.1.1.1' }, '198.51.100.1'],
  ['vercel', { ...forged, 'x-vercel-forwarded-for': '203.0.113.7' }, '203.0.113.7'],
  ['vercel', forged, 'unknown'],
  ['cloudflare', { ...forged, 'cf-connecting-ip': '203.0.113.7' }, '203.0.113.7'],
  ['cloudflare', forged, 'unknown'],
  [{ proxies: 1 }, forged, '3.3.3.3'],
  [{ proxies: 2 }, forged, '2.2.2.2'],
  [{ proxies: 4 }, forged, 'unknown'],
  [{ proxies: 1 }, {}, 'unknown'],
] as const)('clientAddress() under %j believes only who can be believed', (profile, headers, address) => {
  expect(clientAddress({ headers: new Headers(headers), socketAddress: '198.51.100.1' }, { profile }).address).toBe(
    address,
  )
})

test.each([[undefined], [null], ['nginx']])('clientAddress() throws for %j, which is no profile', (profile) => {
  expect(() => clientAddress({ headers: new Headers() }, { profile: profile as 'socket' })).toThrow(
    new RangeError(
      `Cannot tell the client address: "profile" must be "socket", "vercel", "cloudflare", { proxies } or trustedProxies(…), received ${profile === 'nginx' ? '"nginx"' : profile}`,
    ),
  )
})

test('clientAddress() throws without options, which name no profile', () => {
  expect(() => clientAddress({ headers: new Headers() }, undefined as never)).toThrow(
    'Cannot tell the client address: "profile" must be "socket", ',
  )
})

test('clientAddress() throws for a number of proxies that breaks its rule', () => {
  expect(clientAddress({ headers: new Headers() }, { profile: { proxies: 16 } }).kind).toBe('unknown')
  // Of what is no number the list would give its first entry, which the client writes.
  for (const proxies of [0, 17, 1.5, Number.NaN, undefined, [1]] as number[])
    expect(() => clientAddress({ headers: new Headers() }, { profile: { proxies } })).toThrow(
      `Cannot tell the client address: "proxies" must be an integer from 1 to 16, received ${proxies}`,
    )
})
