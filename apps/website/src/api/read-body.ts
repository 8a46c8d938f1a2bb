export type ReadBody =
  | { readonly kind: 'json' | 'form'; readonly value: unknown }
  | { readonly kind: 'unsupported-type' | 'too-large' | 'malformed' }

const formType = 'application/x-www-form-urlencoded'

/** True for what a browser sends for a plain form. */
export function isFormPost(headers: Headers): boolean {
  return mediaType(headers) === formType
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    size += part.value.byteLength
    if (size > maxBytes) {
      await reader?.cancel()
      return undefined
    }
    chunks.push(part.value)
  }
  return Buffer.concat(chunks)
}

/** A name that ends in `[]`, as boxes of one question have, becomes a list under the name without it; of others the last counts. */
function toFields(form: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...form].map(([name, value]) =>
      name.endsWith('[]') ? [name.slice(0, -2), form.getAll(name)] : ([name, value] as const),
    ),
  )
}

async function readOnce(request: Request, maxBytes: number): Promise<ReadBody> {
  const type = mediaType(request.headers)
  if (type !== 'application/json' && type !== formType) return { kind: 'unsupported-type' }
  const bytes = await readBytes(request, maxBytes)
  if (bytes === undefined) return { kind: 'too-large' }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (type === formType) return { kind: 'form', value: toFields(new URLSearchParams(text)) }
    return { kind: 'json', value: JSON.parse(text) }
  } catch {
    return { kind: 'malformed' }
  }
}

const bodies = new WeakMap<Request, Promise<ReadBody>>()

/**
 * JSON, or the fields of a form as an object of strings and lists of them. Reads at most `maxBytes`, and once: who asks again for the same request, with whatever `maxBytes`, gets the same. Never
 * throws for what was sent.
 */
export function readBody(request: Request, maxBytes: number): Promise<ReadBody> {
  const body = bodies.get(request) ?? readOnce(request, maxBytes)
  bodies.set(request, body)
  return body
}
