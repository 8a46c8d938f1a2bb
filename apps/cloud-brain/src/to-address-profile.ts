import { type AddressProfile, trustedProxies } from 'millpond/http'

/** The profile that CLIENT_ADDRESS names; undefined for what is none. */
export function toAddressProfile(value: string): AddressProfile | undefined {
  if (value === 'socket' || value === 'vercel' || value === 'cloudflare') return value
  if (/^proxies:[1-9]$/.test(value)) return Object.freeze({ proxies: Number(value.slice('proxies:'.length)) })
  if (!value.startsWith('trusted:')) return undefined
  try {
    const networks = value.slice('trusted:'.length).split(',')
    return Object.freeze(trustedProxies(networks.map((network) => network.trim())))
  } catch {
    return undefined
  }
}
