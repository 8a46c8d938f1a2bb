import { describe, expect, test } from 'vitest'
import { clientAddress, siteNetwork } from './client-address.ts'
import { trustedProxies } from './trusted-proxies.ts'

const profile = trustedProxies(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '172.16.0.0/12'])
const told = (socketAddress: string | undefined, forwarded?: string) => {
  const headers = new Headers(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded })
  return clientAddress({ headers, socketAddress }, { profile }).address
}

describe('clientAddress() behind trustedProxies()', () => {
  test.each([
    ['a socket that is not trusted is the client, whatever it says', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['one hop', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['as many hops as are trusted', '10.0.0.1', '6.6.6.6, 203.0.113.7, 10.1.1.1, 172.31.255.255', '203.0.113.7'],
    ['no further than the first that is not', '10.0.0.1', '10.6.6.6, 203.0.113.7, 192.0.2.1', '203.0.113.7'],
    ['a hop just outside a network', '10.0.0.1', '9.9.9.9, 172.32.0.0', '172.32.0.0'],
    ['an IPv6 proxy', 'fd12::1', '2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
    ['an IPv4 socket that is mapped into IPv6', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['a socket behind a translator: no proxy of ours', '64:ff9b::10.0.0.1', '203.0.113.7', '10.0.0.1'],
    ['a proxy asking by itself', '10.0.0.1', undefined, '10.0.0.1'],
    ['only trusted hops', '10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['a hop that is no address', '10.0.0.1', '203.0.113.7, unknown', 'unknown'],
    ['a hop that is empty', '10.0.0.1', '203.0.113.7,', 'unknown'],
    ['no socket', undefined, '203.0.113.7', 'unknown'],
  ])('%s', (_, socket, forwarded, expected) => {
    expect(told(socket, forwarded)).toBe(expected)
  })
})

test.each(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/08', '10.0.0.0/', '10.0.0.0/8/8', 'loopback', ''])(
  'trustedProxies() refuses %j',
  (network) => {
    expect(() => trustedProxies([network])).toThrow(
      `Cannot trust proxies: each network must be an address with a prefix length, such as "10.0.0.0/8", received ${JSON.stringify(network)}`,
    )
  },
)

test.each([[[]], ['10.0.0.0/8'], [undefined]])(
  'trustedProxies() refuses %j, which is no list of networks',
  (networks) => {
    expect(() => trustedProxies(networks as string[])).toThrow(
      new TypeError('Cannot trust proxies: "networks" must be a list of at least one network'),
    )
  },
)

test('trustedProxies() of /0 trusts every address of its family alone', () => {
  const { isTrusted } = trustedProxies(['0.0.0.0/0'])
  expect(['8.8.8.8', '::1', 'x'].map(isTrusted)).toEqual([true, false, false])
})

test('siteNetwork() is the /48 of an IPv6 client', () => {
  const of = (socketAddress: string) =>
    siteNetwork(clientAddress({ headers: new Headers(), socketAddress }, { profile: 'socket' }))
  expect(['2001:db8:5:6:7::8', '::1', '203.0.113.7', 'nothing'].map(of)).toEqual([
    '2001:db8:5::/48',
    '0:0:0::/48',
    undefined,
    undefined,
  ])
})
