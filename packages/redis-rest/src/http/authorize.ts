import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function bearerToken(header: string | undefined): string | undefined {
  const match = /^bearer +(\S+) *$/i.exec(header ?? '')
  return match?.[1]
}

function queryToken(query: string): string | undefined {
  if (!query.includes('_token=')) return undefined
  return new URLSearchParams(query).get('_token') ?? undefined
}

/** Says whether a request carries one of the tokens, in `Authorization: Bearer …` or in `?_token=`. Takes the same time for any guess. */
export type Authorize = (request: IncomingMessage, query: string) => boolean

export function createAuthorize(tokens: readonly string[]): Authorize {
  const accepted = tokens.map(digest)
  return (request, query) => {
    const token = bearerToken(request.headers.authorization) ?? queryToken(query)
    if (token === undefined) return false
    const offered = digest(token)
    // Every token is compared, so that time does not tell which one came close.
    return accepted.map((known) => timingSafeEqual(known, offered)).includes(true)
  }
}
