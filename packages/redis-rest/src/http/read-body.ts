import type { IncomingMessage } from 'node:http'

export type Body =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  /** More than the limit; what is still to come is thrown away, so that the connection stays usable. */
  | { readonly kind: 'too-large' }
  /** The client went away; there is nobody to answer. */
  | { readonly kind: 'aborted' }

/** Reads a request body of at most `limit` bytes. */
export function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume()
    return Promise.resolve({ kind: 'too-large' })
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) {
        chunks.push(chunk)
        return
      }
      chunks.length = 0
      resolve({ kind: 'too-large' })
    })
    request.once('end', () =>
      resolve({ kind: 'body', bytes: chunks.length === 1 ? one(chunks) : Buffer.concat(chunks) }),
    )
    request.once('error', () => resolve({ kind: 'aborted' }))
    request.once('close', () => resolve({ kind: 'aborted' }))
  })
}

function one(chunks: readonly Buffer[]): Buffer {
  return chunks[0] ?? Buffer.alloc(0)
}
