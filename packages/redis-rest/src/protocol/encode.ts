import { readItem, types } from '../engine/frame.ts'

/**
 * How a reply is written: as JSON, with strings as text or (header `Upstash-Encoding: base64`) in base64, or as the bytes that
 * Redis sent (header `Upstash-Response-Format: resp2`).
 */
export type Encoding = 'text' | 'base64' | 'resp2'

type JsonEncoding = Exclude<Encoding, 'resp2'>

/** The text of the reply at `position`, and where the next one starts. */
function encodeAt(frame: Buffer, position: number, encoding: JsonEncoding): [string, number] {
  const { type, start, end, next, length } = readItem(frame, position)
  if (length === -1) return ['null', next]
  if (type === types.integer) return [frame.toString('latin1', start, end), next]
  if (type !== types.array) {
    // Bytes that are not UTF-8 become U+FFFD in text; whoever has such values asks for base64.
    const text =
      encoding === 'base64'
        ? `"${frame.toString('base64', start, end)}"`
        : JSON.stringify(frame.toString('utf8', start, end))
    return [text, next]
  }
  let items = ''
  let at = start
  for (let index = 0; index < length; index += 1) {
    const [text, after] = encodeAt(frame, at, encoding)
    items += index === 0 ? text : `,${text}`
    at = after
  }
  return [`[${items}]`, at]
}

/** `+OK` and `$2 OK` alike. */
function isOk(frame: Buffer): boolean {
  if (frame.length !== 5 && frame.length !== 8) return false
  const { type, start, end } = readItem(frame, 0)
  return (
    (type === types.status || type === types.bulk) &&
    end - start === 2 &&
    frame[start] === 0x4f &&
    frame[start + 1] === 0x4b
  )
}

/**
 * The JSON text of a reply. Integers are number literals with all their digits. In base64 every string is encoded, at any
 * depth, except `OK` as the whole reply.
 */
export function encodeReply(frame: Buffer, encoding: JsonEncoding): string {
  return isOk(frame) ? '"OK"' : encodeAt(frame, 0, encoding)[0]
}

/** `{"result":…}`. */
export function encodeResult(frame: Buffer, encoding: JsonEncoding): string {
  return `{"result":${encodeReply(frame, encoding)}}`
}

/** `{"error":"…"}`; never base64. */
export function encodeError(message: string): string {
  return `{"error":${JSON.stringify(message)}}`
}
