import { type AddressProfile, type ClientAddress, clientAddress } from 'millpond/http'
import type { LimitTake, PolicyName } from '../lib/limits.ts'

/** Set by server.mjs from the socket, which also removes what a client sent under this name. */
export const socketAddressHeader = 'x-headwater-socket-address'

/**
 * Whom a limit counts: the visitor's address under the declared profile. Without server.mjs the socket's address is
 * unknown, and the header is then a client's own word.
 */
export function clientKey(
  headers: Headers,
  options: { profile: AddressProfile; hasSocketAddress: boolean },
): ClientAddress {
  const socketAddress = options.hasSocketAddress ? (headers.get(socketAddressHeader) ?? undefined) : undefined
  const input = socketAddress === undefined ? { headers } : { headers, socketAddress }
  return clientAddress(input, { profile: options.profile })
}

/** What a client takes from the policies. One whose address cannot be told takes from a small one of their own instead. */
export function toTakes(client: ClientAddress, wanted: readonly PolicyName[]): LimitTake[] {
  return client.kind === 'unknown'
    ? [{ policy: 'unknown', key: client.address }]
    : wanted.map((policy) => ({ policy, key: client.address }))
}
