import { readLength } from './frame-reader.ts'
import type { Reply } from './reply.ts'

const carriageReturn = 0x0d

/** One reply inside a frame: its type byte, the range of its content, and where the next one starts. */
export interface Item {
  readonly type: number
  readonly start: number
  readonly end: number
  readonly next: number
  /** -1 for nil, the number of items for an array, the number of bytes for a string. */
  readonly length: number
}

export const types = { status: 0x2b, error: 0x2d, integer: 0x3a, bulk: 0x24, array: 0x2a } as const

/** Reads the item of a complete frame that starts at `position`. Of an array only the header. */
export function readItem(frame: Buffer, position: number): Item {
  const type = frame[position] ?? 0
  let lineEnd = position + 1
  while (frame[lineEnd] !== carriageReturn && lineEnd < frame.length) lineEnd += 1
  const next = lineEnd + 2
  if (type === types.bulk || type === types.array) {
    const length = readLength(frame, position + 1, lineEnd)
    if (type === types.array || length === -1) return { type, start: next, end: next, next, length }
    return { type, start: next, end: next + length, next: next + length + 2, length }
  }
  return { type, start: position + 1, end: lineEnd, next, length: lineEnd - position - 1 }
}

/** The index after the reply that starts at `position`, nested ones included. */
function skipReply(frame: Buffer, position: number): number {
  let next = position
  for (let left = 1; left > 0; left -= 1) {
    const item = readItem(frame, next)
    if (item.type === types.array && item.length > 0) left += item.length
    next = item.next
  }
  return next
}

/** The message of an error reply, undefined for any other. */
export function readError(frame: Buffer): string | undefined {
  return frame[0] === types.error ? frame.toString('utf8', 1, frame.length - 2) : undefined
}

/** The frames of the items of an array; undefined when the reply is not an array, or nil. */
export function splitArray(frame: Buffer): Buffer[] | undefined {
  const header = readItem(frame, 0)
  if (header.type !== types.array || header.length === -1) return undefined
  const frames: Buffer[] = []
  let position = header.next
  for (let index = 0; index < header.length; index += 1) {
    const next = skipReply(frame, position)
    frames.push(frame.subarray(position, next))
    position = next
  }
  return frames
}

/** The frame of an array with other items in the place of its own; of any other reply the frame itself. */
export function mapItems(frame: Buffer, change: (item: Buffer, index: number) => Buffer): Buffer {
  const items = splitArray(frame)
  return items === undefined ? frame : Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map(change)])
}

/**
 * The frame with `to` in the place of `from` in each error in it, at any depth; the frame itself where `from` is nowhere in it. Both
 * are ASCII.
 */
export function replaceInErrors(frame: Buffer, from: string, to: string): Buffer {
  if (!frame.includes(from)) return frame
  const parts: Buffer[] = []
  for (let position = 0; position < frame.length; ) {
    const { type, next } = readItem(frame, position)
    const item = frame.subarray(position, next)
    parts.push(type === types.error ? Buffer.from(item.toString('latin1').replaceAll(from, to), 'latin1') : item)
    position = next
  }
  return Buffer.concat(parts)
}

/** A frame as values; what is only passed on is never decoded. */
export function decodeFrame(frame: Buffer): Reply {
  const items = splitArray(frame)
  if (items !== undefined) return items.map(decodeFrame)
  const { type, start, end, length } = readItem(frame, 0)
  if (length === -1) return null
  if (type === types.integer) return frame.toString('latin1', start, end)
  const content = frame.subarray(start, end)
  return type === types.error ? new Error(content.toString()) : content
}

/** The frame of a value: a Buffer is a bulk string, a string an integer. */
export function encodeFrame(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (typeof reply === 'string') return Buffer.from(`:${reply}\r\n`)
  if (reply instanceof Error) return Buffer.from(`-${reply.message.replaceAll(/[\r\n]/g, ' ')}\r\n`)
  if (Buffer.isBuffer(reply)) return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encodeFrame)])
}
