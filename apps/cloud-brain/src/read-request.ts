import type { Context } from 'hono'
import type { z } from 'zod'
import { RequestFault, toInvalidRequest } from './request-fault.ts'

/**
 * Reads the query by a schema. Parameters that the schema does not know are ignored.
 *
 * @throws RequestFault 400 naming each parameter that is not valid
 */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const query = Object.entries(c.req.queries()).map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ])
  const parsed = schema.safeParse(Object.fromEntries(query))
  if (!parsed.success) throw toInvalidRequest(parsed.error, 'query')
  return parsed.data
}

/**
 * Reads a JSON body by a schema. The body is counted while it arrives, so a body without a length is bounded as well.
 *
 * @throws RequestFault 415 for another media type or a compressed body, 413 above `maxBytes`, 400 for anything else
 */
export async function readJsonBody<Schema extends z.ZodType>(
  c: Context,
  { schema, maxBytes }: { schema: Schema; maxBytes: number },
): Promise<z.output<Schema>> {
  requireJson(c.req.header('content-type'))
  requirePlain(c.req.header('content-encoding'))
  const bytes = await readBytes(c.req.raw, maxBytes)
  const parsed = schema.safeParse(parseJson(bytes))
  if (!parsed.success) throw toInvalidRequest(parsed.error, 'body')
  return parsed.data
}

function requireJson(contentType: string | undefined): void {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') {
    throw new RequestFault('wrong_media_type', 'Send the body as application/json', {
      headers: { Accept: 'application/json', Connection: 'close' },
    })
  }
}

function requirePlain(contentEncoding = 'identity'): void {
  if (contentEncoding.trim().toLowerCase() === 'identity') return
  throw new RequestFault('wrong_media_type', 'Send the body as it is, without Content-Encoding', {
    headers: { 'Accept-Encoding': 'identity', Connection: 'close' },
  })
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunksOf(request)) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A client that hangs up looks like a server that does not answer (`ECONNRESET`), and must not be taken for one. */
async function* chunksOf({ body }: Request): AsyncIterable<Uint8Array> {
  try {
    yield* body ?? []
  } catch (cause) {
    throw new RequestFault('invalid_request', 'The body broke off', {
      errors: [{ field: 'body', detail: 'must arrive completely' }],
      cause,
    })
  }
}

function tooLarge(maxBytes: number): RequestFault {
  // What is left of the body is not read, so the connection cannot be used again.
  return new RequestFault('too_large', `A body may have at most ${maxBytes} bytes`, {
    headers: { Connection: 'close' },
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new RequestFault('invalid_request', 'The body is not JSON', {
      errors: [{ field: 'body', detail: 'must be JSON in UTF-8' }],
      cause,
    })
  }
}
