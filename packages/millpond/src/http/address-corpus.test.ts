import { describe, expect, test } from 'vitest'
import { type AddressProfile, clientAddress } from './client-address.ts'
import { trustedProxies } from './trusted-proxies.ts'

/** Headers by which a client could try to choose its own address. */
const FORGEABLE = [
  'x-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'forwarded',
  'x-forwarded',
  'forwarded-for',
  'x-original-forwarded-for',
  'x-vercel-forwarded-for',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'x-appengine-user-ip',
  'x-azure-clientip',
  'via',
] as const

/** What it could write there. */
const FORGED = [
  '127.0.0.1',
  '::1',
  '10.0.0.1, 192.168.0.1',
  '203.0.113.7, 203.0.113.8, 203.0.113.9',
  'for=127.0.0.1;proto=https',
  '::ffff:127.0.0.1',
  '198.51.100.1\t',
  ',,,',
  '[2001:db8::1]:443',
  `${'1.1.1.1, '.repeat(500)}2.2.2.2`,
] as const

/** The one header that the platform itself sets, for each profile. */
const profiles: readonly [name: string, profile: AddressProfile, trusted: string | undefined][] = [
  ['socket', 'socket', undefined],
  ['vercel', 'vercel', 'x-vercel-forwarded-for'],
  ['cloudflare', 'cloudflare', 'cf-connecting-ip'],
  ['one proxy', { proxies: 1 }, 'x-forwarded-for'],
  ['two proxies', { proxies: 2 }, 'x-forwarded-for'],
  ['trusted networks', trustedProxies(['10.0.0.0/8', 'fd00::/8']), 'x-forwarded-for'],
]

/** How many hops of ours stand between the client and the socket, the last one excluded. */
const hopsOf = (profile: AddressProfile): number =>
  typeof profile !== 'object' ? 0 : 'proxies' in profile ? profile.proxies - 1 : 2

const TRUE_ADDRESS = '203.0.113.200'

describe.each(profiles)('clientAddress() behind %s', (_, profile, trusted) => {
  const cases = FORGEABLE.flatMap((header) => FORGED.map((value) => [header, value] as const))

  test(`believes none of ${cases.length} forged headers`, () => {
    expect(cases.length).toBeGreaterThanOrEqual(80)
    for (const [header, value] of cases) {
      const headers = new Headers({ [header]: value })
      // What the platform does: it sets its header over the client's, or appends to it.
      if (trusted === 'x-forwarded-for') {
        headers.append(trusted, TRUE_ADDRESS)
        for (let hop = 0; hop < hopsOf(profile); hop += 1) headers.append(trusted, '10.9.9.9')
      } else if (trusted) headers.set(trusted, TRUE_ADDRESS)
      const socketAddress = trusted ? '10.0.0.99' : TRUE_ADDRESS
      expect({ header, value, ...clientAddress({ headers, socketAddress }, { profile }) }).toEqual({
        header,
        value,
        kind: 'ip',
        address: TRUE_ADDRESS,
      })
    }
  })

  test('counts a client that rotates inside its /64 as one', () => {
    const addresses = Array.from({ length: 80 }, (_, index) => {
      const address = `2001:db8:5:6:${(index * 7919).toString(16).slice(-4)}::${index.toString(16)}`
      const hops = Array<string>(hopsOf(profile)).fill('10.9.9.9')
      const headers = new Headers(trusted ? { [trusted]: [address, ...hops].join(', ') } : {})
      return clientAddress({ headers, socketAddress: trusted ? '10.0.0.99' : address }, { profile }).address
    })
    expect(new Set(addresses)).toEqual(new Set(['2001:db8:5:6::/64']))
  })
})
