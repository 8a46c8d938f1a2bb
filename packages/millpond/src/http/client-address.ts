import { toNetwork } from './ip-address.ts'

/**
 * Where the process runs, and so whose word on the client's address is true: `socket`, nobody stands in front; `vercel` and `cloudflare`, the platform sets its own
 * header and drops the client's; `{ proxies: n }`, n proxies of your own each append to `X-Forwarded-For` the peer they saw.
 */
export type AddressProfile = 'socket' | 'vercel' | 'cloudflare' | { readonly proxies: number }

/** The identity that an address limit counts: an address or network, or `unknown` where none can be told. Give `unknown` a policy of its own. */
export type ClientAddress =
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'unknown'; readonly address: 'unknown' }

/**
 * The address of the client under a deployment profile. What a client can write itself is never believed: of `X-Forwarded-For` only the entry that the outermost own
 * proxy wrote counts. IPv6 is grouped by /64, IPv4 mapped into IPv6 is IPv4.
 *
 * @throws {RangeError} when `proxies` is not a whole number from 1 to 16
 */
export function clientAddress(
  source: { readonly headers: Headers; readonly socketAddress?: string | undefined },
  options: { readonly profile: AddressProfile },
): ClientAddress {
  const text = read(source, options.profile)
  const address = text ? toNetwork(text) : undefined
  return address === undefined ? { kind: 'unknown', address: 'unknown' } : { kind: 'ip', address }
}

function read(
  source: { headers: Headers; socketAddress?: string | undefined },
  profile: AddressProfile,
): string | null | undefined {
  switch (profile) {
    case 'socket':
      return source.socketAddress
    case 'vercel':
      return source.headers.get('x-vercel-forwarded-for')
    case 'cloudflare':
      return source.headers.get('cf-connecting-ip')
    default:
      return readForwarded(source.headers.get('x-forwarded-for'), profile.proxies)
  }
}

function readForwarded(header: string | null, proxies: number): string | undefined {
  if (!Number.isInteger(proxies) || proxies < 1 || proxies > 16) {
    throw new RangeError(
      `Cannot tell the client address: "proxies" must be an integer from 1 to 16, received ${proxies}`,
    )
  }
  return header?.split(',').at(-proxies)
}
