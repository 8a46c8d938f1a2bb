import { cachedResponse } from 'millpond/http'
import { RequestFault } from './request-fault.ts'

/** The ETag that a cached GET gives this value. */
export async function etagOf(value: unknown): Promise<string> {
  const result = { value, body: JSON.stringify(value), status: 'miss', reason: 'absent', ageMs: 0, ttlMs: 0 } as const
  const response = await cachedResponse({ method: 'HEAD', headers: new Headers() }, result)
  return response.headers.get('etag') ?? ''
}

/** What a write says of the version there is, in `If-Match` and `If-None-Match`. Without them anything goes. */
export type Preconditions = { readonly ifMatch: string | undefined; readonly ifNoneMatch: string | undefined }

/**
 * Holds a write to what the client knows of the value, which there is (RFC 9110 §13.1.1, by strong comparison, and §13.1.2, by weak).
 *
 * @throws RequestFault 412 when `If-Match` does not name the value as it is now, or `If-None-Match` does
 */
export async function requirePreconditions({ ifMatch, ifNoneMatch }: Preconditions, current: unknown): Promise<void> {
  if (ifMatch === undefined && ifNoneMatch === undefined) return
  const etag = await etagOf(current)
  const fail = (detail: string) => {
    throw new RequestFault('precondition_failed', detail, { headers: { ETag: etag } })
  }
  if (ifMatch !== undefined && !isNamed(ifMatch, [etag])) fail('It has changed since; read it again')
  if (ifNoneMatch !== undefined && isNamed(ifNoneMatch, [etag, `W/${etag}`])) {
    fail('It is there, as If-None-Match says it must not be')
  }
}

/** Whether a header names one of these tags, or anything that there is. */
function isNamed(header: string, tags: readonly string[]): boolean {
  return header.trim() === '*' || (header.match(/(?:W\/)?"[^"]*"/g)?.some((tag) => tags.includes(tag)) ?? false)
}
