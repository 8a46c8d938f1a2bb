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
  // A record with names in lower case, whatever they are given in: to fill a Headers takes longer, and some servers need none.
  const headers: Record<string, string> = {
    'cache-control': `${options.private === false ? 'public' : 'private'}, no-cache`,
  }
  for (const name in options.headers) headers[name.toLowerCase()] = options.headers[name] ?? ''
  headers.etag = etag
  headers.age = String(Math.floor(result.ageMs / 1000))
  headers['cache-status'] = cacheStatusHeader(result)
  for (const name of options.vary ?? []) headers.vary = headers.vary ? `${headers.vary}, ${name}` : name
  if (isMatched(request, etag)) return new Response(null, { status: 304, headers })
  headers['content-type'] = 'application/json'
  if (request.method !== 'HEAD') return new Response(result.body, { headers })
  // Without the length that GET would have, clients take the end of the connection for the end of the answer.
  headers['content-length'] = String(new TextEncoder().encode(result.body).length)
  return new Response(null, { headers })
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

/** RFC 9110 §13.1.2: a list of tags compared weakly, so without their `W/`, or `*`. Only what reads is answered with 304. */
function isMatched({ method, headers }: { readonly method: string; readonly headers: Headers }, etag: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const given = headers.get('if-none-match')
  return given === '*' || (given?.match(/"[^"]*"/g)?.some((tag) => tag === etag) ?? false)
}
