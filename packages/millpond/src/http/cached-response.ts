import type { CacheResult } from '../cache/read.ts'
import { toEtag } from './etag.ts'

export interface CachedResponseOptions {
  /** Whether the answer belongs to one person, and no shared cache may keep it; default true. */
  readonly private?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** The request headers that the answer depends on, such as `Accept-Language`: caches keep one answer for each of their values. */
  readonly vary?: readonly string[]
}

/**
 * The response for a cached read: the stored JSON text as it is, with a strong `ETag` (SHA-256 of the text), `Cache-Status`, `Age` and `Cache-Control`; 304 without
 * a body when `If-None-Match` names the ETag. Clients may keep it but must ask again (`no-cache`), so that an invalidation reaches them too.
 */
export async function cachedResponse(
  request: { readonly method: string; readonly headers: Headers },
  result: CacheResult<unknown>,
  options: CachedResponseOptions = {},
): Promise<Response> {
  const etag = await toEtag(result.body)
  // By name, which may be written in any case: what is given twice in a list of pairs would be sent twice.
  const headers = new Headers(options.headers)
  if (!headers.has('Cache-Control'))
    headers.set('Cache-Control', `${options.private === false ? 'public' : 'private'}, no-cache`)
  headers.set('ETag', etag)
  headers.set('Age', String(Math.floor(result.ageMs / 1000)))
  headers.set('Cache-Status', cacheStatusHeader(result))
  for (const name of options.vary ?? []) headers.append('Vary', name)
  if (isMatched(request, etag)) return new Response(null, { status: 304, headers })
  headers.set('Content-Type', 'application/json')
  if (request.method !== 'HEAD') return new Response(result.body, { status: 200, headers })
  // Without the length that GET would have, clients take the end of the connection for the end of the answer.
  headers.set('Content-Length', String(new TextEncoder().encode(result.body).length))
  return new Response(null, { status: 200, headers })
}

/** `Cache-Status` of RFC 9211: `millpond; hit; ttl=…`, or `fwd=` with why the read went to the origin. */
export function cacheStatusHeader({
  status,
  reason,
  ttlMs,
}: Pick<CacheResult<unknown>, 'status' | 'reason' | 'ttlMs'>): string {
  const ttl = `ttl=${Math.floor(ttlMs / 1000)}`
  switch (status) {
    case 'hit':
      return `millpond; hit; ${ttl}`
    case 'stale':
      return `millpond; hit; ${ttl}; detail=${reason}`
    case 'miss':
      return `millpond; fwd=${reason === 'expired' ? 'stale' : 'miss'}${ttlMs > 0 ? `; stored; ${ttl}` : ''}; detail=${reason}`
    case 'bypass':
      return `millpond; fwd=bypass; detail=${reason}`
    default:
      return status satisfies never
  }
}

/** RFC 9110 §13.1.2: a list of tags compared weakly, or `*`. Only what reads is answered with 304. */
function isMatched({ method, headers }: { readonly method: string; readonly headers: Headers }, etag: string): boolean {
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch === null || (method !== 'GET' && method !== 'HEAD')) return false
  if (ifNoneMatch.trim() === '*') return true
  return (ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => tag.replace(/^W\//, '') === etag)
}
