import { describe, expect, it } from 'vitest'
import { createBatchQueue } from './batch-queue.ts'
import type { Outcome } from './reply.ts'
import { createReplyBytes } from './reply-bytes.ts'

const isFull = (bytes: number, held: number): string =>
  `ERR a reply of ${bytes} bytes was dropped, at most 10 bytes of replies may wait to be written out and ${held} do`

describe('createReplyBytes()', () => {
  it('keep() counts what all requests hold until each releases its own', () => {
    const replies = createReplyBytes(10)
    const [first, second] = [replies.open(), replies.open()]
    expect([first.keep(4), second.keep(6), second.keep(1), replies.held]).toEqual([
      undefined,
      undefined,
      isFull(1, 10),
      10,
    ])
    first.release()
    first.release()
    expect([replies.held, second.keep(5), second.keep(4), replies.held]).toEqual([6, isFull(5, 6), undefined, 10])
    second.release()
    expect(replies.held).toBe(0)
  })

  it('keep() keeps nothing for a request that was released', () => {
    const replies = createReplyBytes(10)
    const gone = replies.open()
    gone.release()
    expect([gone.keep(1), replies.held]).toEqual(['ERR a reply was dropped, since nobody waits for the answer', 0])
  })

  it('a batch gets an error in the place of each reply that is not kept', () => {
    const resolved: (readonly Outcome[])[] = []
    const queue = createBatchQueue(100, () => 0)
    queue.add(3, (outcomes) => resolved.push(outcomes), { replies: createReplyBytes(10).open() })
    for (const text of ['+abcd\r\n', '+efgh\r\n', '-MOVED 1 b:1\r\n']) queue.take(Buffer.from(text))
    expect(resolved).toEqual([
      [
        { kind: 'reply', frame: Buffer.from('+abcd\r\n') },
        { kind: 'unavailable', message: `${isFull(7, 7)}: the command ran` },
        { kind: 'unavailable', message: `${isFull(14, 7)}: the command may or may not have run` },
      ],
    ])
  })
})
