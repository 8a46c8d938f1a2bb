import { type Item, readItem, types } from '../engine/frame.ts'

/**
 * How a reply is written: as JSON, with strings as text or (header `Upstash-Encoding: base64`) in base64, or as the bytes that
 * Redis sent (header `Upstash-Response-Format: resp2`).
 */
export type Encoding = 'text' | 'base64' | 'resp2'

type JsonEncoding = Exclude<Encoding, 'resp2'>

/** The text of a reply that is no array with items. */
function encodeItem(frame: Buffer, { type, start, end, length }: Item, encoding: JsonEncoding): string {
  if (length === -1) return 'null'
  if (type === types.integer) return frame.toString('latin1', start, end)
  if (type === types.array) return '[]'
  // Bytes that are not UTF-8 become U+FFFD in text; whoever has such values asks for base64.
  return encoding === 'base64'
    ? `"${frame.toString('base64', start, end)}"`
    : JSON.stringify(frame.toString('utf8', start, end))
}

/** Without recursion: Redis nests deeper than the stack allows. */
function encodeItems(frame: Buffer, encoding: JsonEncoding): string {
  let json = ''
  let position = 0
  /** For each array that is open, how many of its items are still to come. */
  const open: number[] = []
  do {
    const item = readItem(frame, position)
    position = item.next
    if (item.type === types.array && item.length > 0) {
      json += '['
      open.push(item.length)
      continue
    }
    json += encodeItem(frame, item, encoding)
    for (let left = open.pop(); left !== undefined; left = open.pop()) {
      if (left > 1) {
        json += ','
        open.push(left - 1)
        break
      }
      json += ']'
    }
  } while (open.length > 0)
  return json
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
  return isOk(frame) ? '"OK"' : encodeItems(frame, encoding)
}

/** `{"result":…}`. */
export function encodeResult(frame: Buffer, encoding: JsonEncoding): string {
  return `{"result":${encodeReply(frame, encoding)}}`
}

/** `{"error":"…"}`; never base64. */
export function encodeError(message: string): string {
  return `{"error":${JSON.stringify(message)}}`
}
