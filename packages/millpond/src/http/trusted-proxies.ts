import { readAddressBytes } from './ip-address.ts'

/** Proxies known by where they are rather than by how many. Made by {@link trustedProxies}. */
export interface TrustedProxies {
  /** Whether a hop is one of them. */
  readonly isTrusted: (address: string) => boolean
}

interface Range {
  readonly bytes: readonly number[]
  readonly bits: number
}

/**
 * The deployment profile of proxies in these networks, such as `10.0.0.0/8` or `fd00::/8` (a single address is a network too). Give it to `clientAddress` once it is made: each hop of
 * `X-Forwarded-For` is followed from the right as long as it is trusted, the socket first.
 *
 * @throws {RangeError | TypeError} for a list that is empty or holds what is no network, naming the value
 */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  if (!Array.isArray(networks) || networks.length === 0) {
    throw new TypeError('Cannot trust proxies: "networks" must be a list of at least one network')
  }
  const ranges = networks.map(readRange)
  return {
    isTrusted(address) {
      const bytes = readAddressBytes(address)
      return bytes !== undefined && ranges.some((range) => lies(bytes, range))
    },
  }
}

function readRange(text: string): Range {
  const [address = '', prefix, ...rest] = String(text).split('/')
  const bytes = readAddressBytes(address)
  const most = bytes === undefined ? 0 : bytes.length * 8
  const bits = prefix === undefined ? most : /^(?:0|[1-9]\d{0,2})$/.test(prefix) ? Number(prefix) : -1
  if (bytes === undefined || rest.length > 0 || bits < 0 || bits > most) {
    throw new RangeError(
      `Cannot trust proxies: each network must be an address with a prefix length, such as "10.0.0.0/8", received ${JSON.stringify(text)}`,
    )
  }
  return { bytes, bits }
}

function lies(bytes: readonly number[], range: Range): boolean {
  if (bytes.length !== range.bytes.length) return false
  return range.bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, range.bits - index * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    return (byte & mask) === ((bytes[index] ?? 0) & mask)
  })
}
