import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return /^bearer +(\S+) *$/i.exec(header)?.[1]
}

function queryToken(query: string): string | undefined {
  if (!query.includes('_token=')) return undefined
  return new URLSearchParams(query).get('_token') ?? undefined
}

/**
 * What the token of a request gives access to, or undefined without a right one. The token comes in `Authorization: Bearer …` or in
 * `?_token=`. Takes the same time for any guess.
 */
export type Authorize<Access> = (request: IncomingMessage, query: string) => Access | undefined

export function createAuthorize<Access>(accesses: ReadonlyMap<string, Access>): Authorize<Access> {
  const accepted = [...accesses].map(([token, access]) => ({ known: digest(token), access }))
  return (request, query) => {
    const token = bearerToken(request.headers.authorization) ?? queryToken(query)
    if (token === undefined) return undefined
    const offered = digest(token)
    let found: Access | undefined
    // Every token is compared, so that time does not tell which one came close.
    for (const { known, access } of accepted) if (timingSafeEqual(known, offered)) found = access
    return found
  }
}
