import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a seal is for. A text sealed for one purpose is worthless for another, under the same secret. */
export type SealPurpose = 'note' | 'mail-link' | 'person'

interface SealOptions {
  readonly purpose: SealPurpose
  readonly secret: string
}

function sign(payload: string, { purpose, secret }: SealOptions): string {
  return createHmac('sha256', secret).update(`${purpose}.${payload}`).digest('base64url')
}

/** `value` as signed text for cookies and links: whoever has it can read it, nobody else can make it. */
export function seal(value: unknown, options: SealOptions): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${payload}.${sign(payload, options)}`
}

/** What was sealed; undefined when the text is missing, changed, or sealed for another purpose or with another secret. */
export function unseal(text: string | undefined, options: SealOptions): unknown {
  const [payload, signature, ...rest] = text?.split('.') ?? []
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined
  const expected = Buffer.from(sign(payload, options))
  const given = Buffer.from(signature)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
}
