/** Redis sent something that is not RESP2; the connection cannot be used any more. */
export class FrameError extends Error {
  readonly code = 'FRAME_INVALID'

  constructor(byte: number) {
    super(`Cannot read a reply of Redis: it starts with byte ${byte}, which is no RESP2 type`)
    this.name = 'FrameError'
  }
}

/** Takes the bytes of a connection as they come and hands out whole replies. */
export interface FrameReader {
  /** Calls back once for each reply that is complete with this chunk. Throws {@link FrameError}; nothing can be read after that. */
  write(chunk: Buffer): void
}

const carriageReturn = 0x0d
const array = 0x2a
const bulk = 0x24
const simple = new Set([0x2b, 0x2d, 0x3a])

/** The integer between `start` and `end`, at least -1. */
export function readLength(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === 0x2d) return -1
  let value = 0
  for (let index = start; index < end; index += 1) value = value * 10 + (bytes[index] ?? 0x30) - 0x30
  return value
}

/**
 * Splits a stream of RESP2 into replies, each handed out as its own bytes. Looks at every byte once, however the stream is cut, and
 * copies only what a chunk leaves unfinished. A reply shares memory with its chunk.
 */
export function createFrameReader(onFrame: (frame: Buffer) => void): FrameReader {
  let bytes: Buffer = Buffer.alloc(0)
  let end = 0
  let start = 0
  let position = 0
  let searched = 0
  /** For each array that is open, how many of its items are still to come. */
  const open: number[] = []

  const take = (chunk: Buffer): void => {
    if (start === end) {
      bytes = chunk
      end = chunk.length
      start = position = searched = 0
      return
    }
    if (end + chunk.length > bytes.length) {
      // Twice the room: a reply of many chunks is copied a few times, not once a chunk.
      const larger = Buffer.allocUnsafeSlow(Math.max(4_096, 2 * (end - start + chunk.length)))
      bytes.copy(larger, 0, start, end)
      bytes = larger
      end -= start
      position -= start
      searched -= start
      start = 0
    }
    chunk.copy(bytes, end)
    end += chunk.length
  }

  /** The index after the item at `position`, or -1 when it is not all there; an array's header counts as an item. */
  const findNext = (): number => {
    let lineEnd = Math.max(searched, position)
    while (lineEnd < end && bytes[lineEnd] !== carriageReturn) lineEnd += 1
    searched = lineEnd
    if (lineEnd + 1 >= end) return -1
    const type = bytes[position] ?? 0
    if (simple.has(type)) return lineEnd + 2
    if (type !== bulk && type !== array) throw new FrameError(type)
    const length = readLength(bytes, position + 1, lineEnd)
    if (type === bulk) {
      const next = length === -1 ? lineEnd + 2 : lineEnd + 4 + length
      return next > end ? -1 : next
    }
    if (length > 0) open.push(length + 1)
    return lineEnd + 2
  }

  const closeArrays = (): void => {
    for (let depth = open.length - 1; depth >= 0; depth -= 1) {
      const left = (open[depth] ?? 1) - 1
      open[depth] = left
      if (left > 0) return
      open.pop()
    }
  }

  return {
    write: (chunk) => {
      take(chunk)
      while (position < end) {
        const next = findNext()
        if (next === -1) return
        position = next
        closeArrays()
        if (open.length > 0) continue
        const frame = bytes.subarray(start, position)
        start = position
        onFrame(frame)
      }
    },
  }
}
