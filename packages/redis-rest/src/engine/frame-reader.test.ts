import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, splitArray } from './frame.ts'
import { createFrameReader, FrameError } from './frame-reader.ts'
import type { Reply } from './reply.ts'

const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.stringMatching(/^[A-Z]{1,8} [a-z ]{0,20}$/).map((message) => new Error(message)),
    fc.array(tie('reply'), { maxLength: 5 }),
  ),
}))

function read(chunks: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = []
  const reader = createFrameReader((frame) => frames.push(frame))
  for (const chunk of chunks) reader.write(chunk)
  return frames
}

describe('createFrameReader()', () => {
  it('write() finds the same replies wherever the stream is cut in two', () => {
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 4 }), (replies) => {
        const frames = replies.map(encodeFrame)
        const stream = Buffer.concat(frames)
        for (let at = 0; at <= stream.length; at += 1) {
          expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(frames)
        }
      }),
    )
  })

  it('write() finds the same replies byte by byte, and in chunks of any size', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (replies, size) => {
        const frames = replies.map(encodeFrame)
        const stream = Buffer.concat(frames)
        for (const step of [1, size]) {
          const count = Math.ceil(stream.length / step)
          const chunks = Array.from({ length: count }, (_, index) => stream.subarray(index * step, (index + 1) * step))
          expect(read(chunks)).toEqual(frames)
        }
      }),
    )
  })

  it('write() leaves a reply alone that was handed out before', () => {
    const frames: Buffer[] = []
    const reader = createFrameReader((frame) => frames.push(frame))
    reader.write(Buffer.from('$3\r\nab'))
    reader.write(Buffer.from('c\r\n$3\r\nde'))
    reader.write(Buffer.from('f\r\n:1\r\n'))
    expect(frames.map(String)).toEqual(['$3\r\nabc\r\n', '$3\r\ndef\r\n', ':1\r\n'])
  })

  it('write() takes a large reply in many chunks', () => {
    const frame = encodeFrame([Buffer.alloc(3_000_000, 'x'), Buffer.from('end')])
    const chunks = Array.from({ length: 60 }, (_, index) => frame.subarray(index * 60_000, (index + 1) * 60_000))
    expect(read(chunks).map((one) => one.equals(frame))).toEqual([true])
  })

  it('write() throws at what is not RESP2', () => {
    expect(() => read([Buffer.from('HTTP/1.1 400\r\n')])).toThrow(new FrameError(0x48))
    expect(() => read([Buffer.from('*1\r\n%1\r\n')])).toThrow(new FrameError(0x25))
  })
})

describe('decodeFrame()', () => {
  it('decodeFrame() gives back what encodeFrame() wrote', () => {
    fc.assert(
      fc.property(reply, (value) => {
        expect(decodeFrame(encodeFrame(value))).toEqual(value)
      }),
    )
  })

  it('splitArray() gives the frames of the items', () => {
    expect(splitArray(Buffer.from('*3\r\n:1\r\n*1\r\n+OK\r\n$-1\r\n'))?.map(String)).toEqual([
      ':1\r\n',
      '*1\r\n+OK\r\n',
      '$-1\r\n',
    ])
    expect(splitArray(Buffer.from('*-1\r\n'))).toBe(undefined)
    expect(splitArray(Buffer.from(':1\r\n'))).toBe(undefined)
  })
})
