import { toShown } from '../time/duration.ts'
import { toNetwork, toSiteNetwork } from './ip-address.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

/**
 * Where the process runs, and so whose word on the client's address is true: `socket`, nobody stands in front; `vercel` and `cloudflare`, the platform sets its own
 * header and drops the client's; `{ proxies: n }`, n proxies of your own each append to `X-Forwarded-For` the peer they saw; `trustedProxies([…])`, so do those in these networks,
 * however many.
 */
export type AddressProfile = 'socket' | 'vercel' | 'cloudflare' | { readonly proxies: number } | TrustedProxies

/** The identity that an address limit counts: an address or network, or `unknown` where none can be told. Give `unknown` a policy of its own. */
export type ClientAddress =
  | { readonly kind: 'ip'; readonly address: string }
  | { readonly kind: 'unknown'; readonly address: 'unknown' }

const ACTION = 'Cannot tell the client address'

/**
 * The address of the client under a deployment profile. What a client can write itself is never believed: of `X-Forwarded-For` only the entry that the outermost own
 * proxy wrote counts. IPv6 is grouped by /64, IPv4 mapped into IPv6 is IPv4.
 *
 * ```ts
 * import { clientAddress } from 'millpond/http'
 *
 * const headers = new Headers({ 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' })
 * console.log(clientAddress({ headers }, { profile: { proxies: 1 } }).address) // 203.0.113.7
 * console.log(clientAddress({ headers, socketAddress: '2001:db8::1' }, { profile: 'socket' }).address) // 2001:db8:0:0::/64
 * ```
 *
 * @throws {RangeError} when the profile is none of these, or `proxies` is not a whole number from 1 to 16
 */
export function clientAddress(
  source: { readonly headers: Headers; readonly socketAddress?: string | undefined },
  options: { readonly profile: AddressProfile },
): ClientAddress {
  const text = read(source, options?.profile)
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
      if (typeof profile !== 'object' || !profile) {
        throw new RangeError(
          `${ACTION}: "profile" must be "socket", "vercel", "cloudflare", { proxies } or trustedProxies(…), received ${toShown(profile)}`,
        )
      }
      return 'isTrusted' in profile
        ? followTrusted(source, profile)
        : readForwarded(source.headers.get('x-forwarded-for'), profile.proxies)
  }
}

function readForwarded(header: string | null, proxies: number): string | undefined {
  if (!Number.isInteger(proxies) || proxies < 1 || proxies > 16) {
    throw new RangeError(`${ACTION}: "proxies" must be an integer from 1 to 16, received ${toShown(proxies)}`)
  }
  return header?.split(',').at(-proxies)
}

/** The first hop from the socket on that is not one of the proxies. Without a socket nobody has said who wrote the header. */
function followTrusted(
  { headers, socketAddress }: { headers: Headers; socketAddress?: string | undefined },
  { isTrusted }: TrustedProxies,
): string | undefined {
  const hops = headers.get('x-forwarded-for')?.split(',') ?? []
  let hop = socketAddress
  while (hop !== undefined && hops.length > 0 && isTrusted(hop)) hop = hops.pop()
  return hop
}

/**
 * The /48 that an IPv6 client lies in, for a second and looser policy: a site may hold 65,536 networks of /64. Undefined for IPv4 and where the address is unknown.
 */
export function siteNetwork({ address }: ClientAddress): string | undefined {
  return toSiteNetwork(address)
}
