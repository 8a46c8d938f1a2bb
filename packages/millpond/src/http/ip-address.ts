/** The eight 16-bit groups of an IPv6 address. */
type Groups = readonly number[]

/** An IPv4 address in its one spelling: four numbers up to 255, without zeros before them. */
const IPV4 = /^((25[0-5]|(2[0-4]|1\d|[1-9]?)\d)(\.\b|$)){4}$/

/**
 * An address in one spelling, as the identity to limit: an IPv4 address as it is (also one that is mapped into IPv6, or that a translator put behind the prefix of RFC 6052, 64:ff9b::/96), an
 * IPv6 address as the /64 network it lies in, since one subscriber holds at least that. Undefined for anything that is not an address.
 */
export function toNetwork(text: string): string | undefined {
  const address = stripPort(text.trim())
  if (IPV4.test(address)) return address
  const groups = readIpv6(address)
  if (!groups) return undefined
  return (readMapped(groups) ?? readTranslated(groups))?.join('.') ?? toPrefix(groups, 4)
}

/** The /48 network around an IPv6 network of {@link toNetwork}: what one site is usually given. Undefined for anything else. */
export function toSiteNetwork(network: string): string | undefined {
  const groups = network.endsWith('::/64') ? readIpv6(network.slice(0, -'/64'.length)) : undefined
  return groups && toPrefix(groups, 3)
}

/** The bytes of an address: 4, also of IPv4 mapped into IPv6, or 16. Undefined for anything that is not an address. */
export function readAddressBytes(text: string): readonly number[] | undefined {
  const address = stripPort(text.trim())
  const v4 = readIpv4(address)
  if (v4) return v4
  const groups = readIpv6(address)
  return groups && (readMapped(groups) ?? groups.flatMap((group) => [group >> 8, group & 255]))
}

function readMapped(groups: Groups): number[] | undefined {
  return readLast(groups, [0, 0, 0, 0, 0, 0xffff])
}

/** Clients of IPv4 that reach a server of IPv6 alone: without this all of them would be one network. */
function readTranslated(groups: Groups): number[] | undefined {
  return readLast(groups, [0x64, 0xff9b, 0, 0, 0, 0])
}

/** The four bytes behind a prefix of six groups. */
function readLast(groups: Groups, prefix: Groups): number[] | undefined {
  return prefix.every((group, index) => group === groups[index])
    ? groups.slice(6).flatMap((group) => [group >> 8, group & 255])
    : undefined
}

function toPrefix(groups: Groups, count: number): string {
  const kept = groups.slice(0, count).map((group) => group.toString(16))
  return `${kept.join(':')}::/${count * 16}`
}

/** Drops the brackets, port and zone that proxies and sockets add. */
function stripPort(text: string): string {
  return text.replace(/^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/, '$1$2').replace(/%[A-Za-z0-9._-]+$/, '')
}

function readIpv4(text: string): number[] | undefined {
  return IPV4.test(text) ? text.split('.').map(Number) : undefined
}

function readIpv6(text: string): Groups | undefined {
  if (!text.includes(':') || text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const before = readGroups(head, tail === undefined)
  const after = tail === undefined ? [] : readGroups(tail, true)
  if (!before || !after) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...Array<number>(missing).fill(0), ...after]
}

function readGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const v4 = mayEndInIpv4 && index === parts.length - 1 && part.includes('.') ? readIpv4(part) : undefined
    if (v4) {
      const [a = 0, b = 0, c = 0, d = 0] = v4
      groups.push(a * 256 + b, c * 256 + d)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
