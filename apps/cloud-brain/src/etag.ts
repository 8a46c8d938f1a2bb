import { cachedResponse } from 'millpond/http'
import { RequestFault } from './request-fault.ts'

/** The ETag that a cached GET gives this value. */
export async function etagOf(value: unknown): Promise<string> {
  const result = { value, body: JSON.stringify(value), status: 'miss', reason: 'absent', ageMs: 0, ttlMs: 0 } as const
  const response = await cachedResponse({ method: 'HEAD', headers: new Headers() }, result)
  return response.headers.get('etag') ?? ''
}

/**
 * Holds a write to the version that the client has seen (RFC 9110 §13.1.1, strong comparison). Without the header anything goes.
 *
 * @throws RequestFault 412 when `If-Match` does not name the value as it is now
 */
export async function requireMatch(ifMatch: string | undefined, current: unknown): Promise<void> {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const etag = await etagOf(current)
  const named: readonly string[] = ifMatch.match(/(?:W\/)?"[^"]*"/g) ?? []
  if (named.includes(etag)) return
  throw new RequestFault('precondition_failed', 'It has changed since; read it again', { headers: { ETag: etag } })
}
