import type { Reply } from '../engine/reply.ts'

/** How strings of a reply are written: as JSON text, or base64 inside the JSON string (header `Upstash-Encoding: base64`). */
export type Encoding = 'text' | 'base64'

function encodeString(bytes: Buffer, encoding: Encoding): string {
  // Bytes that are not UTF-8 become U+FFFD in text; whoever has such values asks for base64.
  return encoding === 'base64' ? `"${bytes.toString('base64')}"` : JSON.stringify(bytes.toString('utf8'))
}

function encodeNested(reply: Reply, encoding: Encoding): string {
  if (reply === null) return 'null'
  if (typeof reply === 'string') return reply
  if (Buffer.isBuffer(reply)) return encodeString(reply, encoding)
  if (reply instanceof Error) return encodeString(Buffer.from(reply.message), encoding)
  return `[${reply.map((item) => encodeNested(item, encoding)).join(',')}]`
}

/**
 * The JSON text of a reply. Integers are number literals with all their digits. In base64 every string is encoded, at any
 * depth, except `OK` as the whole reply.
 */
export function encodeReply(reply: Reply, encoding: Encoding): string {
  const isOk = Buffer.isBuffer(reply) && reply.length === 2 && reply.toString('latin1') === 'OK'
  return isOk ? '"OK"' : encodeNested(reply, encoding)
}

/** `{"result":…}`. */
export function encodeResult(reply: Reply, encoding: Encoding): string {
  return `{"result":${encodeReply(reply, encoding)}}`
}

/** `{"error":"…"}`; never base64. */
export function encodeError(message: string): string {
  return `{"error":${JSON.stringify(message)}}`
}
