import { createHmac, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** What a seal is for. A text sealed for one purpose is worthless for another, under the same secret. A note carries whole letters and is packed. */
export type SealPurpose = 'packed-note' | 'mail-link' | 'person'

interface SealOptions {
  readonly purpose: SealPurpose
  readonly secret: string
}

function sign(payload: string, { purpose, secret }: SealOptions): string {
  return createHmac('sha256', secret).update(`${purpose}.${payload}`).digest('base64url')
}

/** `value` as signed text for cookies and links: whoever has it can read it, nobody else can make it. */
export function seal(value: unknown, options: SealOptions): string {
  const json = Buffer.from(JSON.stringify(value))
  const payload = (options.purpose === 'packed-note' ? deflateRawSync(json) : json).toString('base64url')
  return `${payload}.${sign(payload, options)}`
}

/** What was sealed; undefined when the text is missing, changed, or sealed for another purpose or with another secret. */
export function unseal(text: string | undefined, options: SealOptions): unknown {
  const [payload, signature, ...rest] = text?.split('.') ?? []
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined
  const expected = Buffer.from(sign(payload, options))
  const given = Buffer.from(signature)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const bytes = Buffer.from(payload, 'base64url')
  // Only what was sealed here is opened, so nobody else says how large it becomes.
  return JSON.parse((options.purpose === 'packed-note' ? inflateRawSync(bytes) : bytes).toString('utf8'))
}
