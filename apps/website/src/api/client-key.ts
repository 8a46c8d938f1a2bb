import { clientAddress } from 'millpond/http'
import type { AddressProfile } from '../config.ts'

/** Set by server.mjs from the socket, which also removes what a client sent under this name. */
export const socketAddressHeader = 'x-headwater-socket-address'

/**
 * Whom a limit counts: the visitor's address under the declared profile. Without server.mjs the socket's address is
 * unknown, and the header is then a client's own word.
 */
export function clientKey(headers: Headers, options: { profile: AddressProfile; hasSocketAddress: boolean }): string {
  const socketAddress = options.hasSocketAddress ? (headers.get(socketAddressHeader) ?? undefined) : undefined
  const input = socketAddress === undefined ? { headers } : { headers, socketAddress }
  return clientAddress(input, { profile: options.profile }).address
}
