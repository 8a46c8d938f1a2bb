import { BlockList, isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import { toNetwork } from './ip-address.ts'
import { trustedProxies } from './trusted-proxies.ts'

/** Numbers from 0 to below `below`, the same in every run. */
function createDice(state = 1): (below: number) => number {
  let next = state
  return (below) => {
    next = (Math.imul(next, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((next / 2 ** 32) * below)
  }
}

type Dice = (below: number) => number
const pick = <T>(dice: Dice, items: readonly T[]): T => items[dice(items.length)] as T

/** Four numbers, some of them out of range or with a zero before them. */
function makeIpv4(dice: Dice): string {
  const count = dice(20) === 0 ? 3 + dice(3) : 4
  const make = () => pick(dice, [String(dice(256)), '0', '255', '9', '10', '99', '100', '199', '249', '250'])
  const parts = Array.from({ length: count }, make)
  if (dice(10) === 0) parts[dice(count)] = pick(dice, ['256', '260', '300', '01', '', '1000', 'a', '-1'])
  return parts.join('.')
}

/** Groups with a gap somewhere or none, some ending in an IPv4 address; some with one group too many, a letter too far, a second gap. */
function makeIpv6(dice: Dice): string {
  const groups = Array.from({ length: dice(10) }, () =>
    pick(dice, ['0', 'ffff', 'FFFF', dice(65_536).toString(16), 'a']),
  )
  if (dice(4) === 0) groups.splice(-2, 2, makeIpv4(dice))
  if (dice(10) === 0) groups.splice(dice(groups.length + 1), 0, pick(dice, ['12345', 'g', '', '1.2.3.4', '_']))
  const gaps = pick(dice, [0, 0, 1, 1, 1, 2])
  let text = groups.join(':')
  for (let gap = 0; gap < gaps; gap += 1) {
    const at = dice(groups.length + 1)
    text = `${groups.slice(0, at).join(':')}::${groups.slice(at).join(':')}`
  }
  return text
}

/** The eight groups of an address, as the URL standard writes them. */
function readGroups(address: string): string[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const before = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

function toExpected(text: string): string | undefined {
  if (isIP(text) === 4) return text
  if (isIP(text) === 0) return undefined
  const groups = readGroups(text)
  const prefix = groups.slice(0, 6).join(':')
  if (prefix !== '0:0:0:0:0:ffff' && prefix !== '64:ff9b:0:0:0:0') return `${groups.slice(0, 4).join(':')}::/64`
  return groups
    .slice(6)
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
    .join('.')
}

describe('toNetwork()', () => {
  test('reads what Node.js takes for an address, and nothing else', () => {
    const dice = createDice()
    const counts = { addresses: 0, others: 0 }
    for (let made = 0; made < 40_000; made += 1) {
      const text = dice(3) === 0 ? makeIpv4(dice) : makeIpv6(dice)
      // That is an IPv4 address with a port.
      if (/^[\d.]+:\d+$/.test(text)) continue
      const expected = toExpected(text)
      expect([text, toNetwork(text)]).toEqual([text, expected])
      counts[expected === undefined ? 'others' : 'addresses'] += 1
    }
    expect(Math.min(counts.addresses, counts.others)).toBeGreaterThan(5_000)
  })

  test.each(['::ffff:', '0:0:0:0:0:ffff:', '64:ff9b::', '0064:FF9B:0:0:0:0:'])('reads IPv4 behind %s', (prefix) => {
    const dice = createDice(2)
    for (let made = 0; made < 500; made += 1) {
      const address = Array.from({ length: 4 }, () => dice(256)).join('.')
      expect(toNetwork(prefix + address)).toBe(address)
      expect(toNetwork(prefix + readGroups(`::${address}`).slice(6).join(':'))).toBe(address)
    }
  })

  test.each([
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
    ['203.0.113.7:443', '203.0.113.7'],
    [' 203.0.113.7\t', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['[fe80::1%eth0.2]:80', 'fe80:0:0:0::/64'],
    ['fe80::1%', undefined],
    ['fe80::1%eth0 x', undefined],
    ['[203.0.113.7]', '203.0.113.7'],
    ['203.0.113.7:', undefined],
    ['203.0.113.7:443:1', undefined],
    ['[2001:db8::1', undefined],
    ['2001:db8::1]', undefined],
    ['x[2001:db8::1]', undefined],
    ['[2001:db8::1]x', undefined],
    [`${'0'.repeat(50)}::1`, undefined],
    ['', undefined],
    ['::', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['1:2:3:4:5:6:7:8::', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(toNetwork(text)).toBe(expected)
  })
})

test('trustedProxies() trusts whom the BlockList of Node.js does', () => {
  const dice = createDice(3)
  for (let made = 0; made < 4_000; made += 1) {
    const v4 = dice(2) === 0
    const bytes = Array.from({ length: v4 ? 4 : 16 }, () => dice(256))
    const bits = dice(bytes.length * 8 + 1)
    // A mapped one is IPv4 here, with a prefix of its own length.
    if (!v4) bytes[0] = 0x20
    const network = new BlockList()
    network.addSubnet(write(bytes), bits, v4 ? 'ipv4' : 'ipv6')
    const { isTrusted } = trustedProxies([`${write(bytes)}/${bits}`])
    // Near the edge of the network, on either side.
    const near = bytes.slice()
    const bit = Math.min(bytes.length * 8 - 1, Math.max(0, bits - 2 + dice(4)))
    near[bit >> 3] = (near[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
    for (const asked of [bytes, near]) {
      expect([write(asked), bits, isTrusted(write(asked))]).toEqual([
        write(asked),
        bits,
        network.check(write(asked), v4 ? 'ipv4' : 'ipv6'),
      ])
    }
    if (v4) expect(isTrusted(`::ffff:${write(near)}`)).toBe(isTrusted(write(near)))
  }
})

function write(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0))
  return groups.map((group) => group.toString(16)).join(':')
}
