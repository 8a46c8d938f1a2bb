import { describe, expect, it } from 'vitest'
import { type BatchOptions, createBatchQueue } from './batch-queue.ts'
import type { Outcome } from './reply.ts'

const frame = (text: string): Buffer => Buffer.from(text)
const seal = frame('$1\r\ns\r\n')
const late = 'ERR no reply from Redis within 100 ms: the command may or may not have run'

function create() {
  let now = 0
  const resolved: (readonly Outcome[])[] = []
  const queue = createBatchQueue(100, () => now)
  return {
    queue,
    resolved,
    add: (count: number, options?: BatchOptions) => queue.add(count, (outcomes) => resolved.push(outcomes), options),
    advance: (ms: number) => {
      now += ms
    },
  }
}

describe('createBatchQueue()', () => {
  it('take() gives replies to the oldest batch, and errors as errors', () => {
    const { queue, resolved, add } = create()
    add(2)
    add(1)
    for (const text of ['+a\r\n', '-ERR b\r\n', ':3\r\n']) expect(queue.take(frame(text))).toBe(true)
    expect(resolved).toEqual([
      [
        { kind: 'reply', frame: frame('+a\r\n') },
        { kind: 'error', message: 'ERR b', frame: frame('-ERR b\r\n') },
      ],
      [{ kind: 'reply', frame: frame(':3\r\n') }],
    ])
    expect([queue.isEmpty(), queue.take(frame('+x\r\n'))]).toEqual([true, false])
  })

  it('take() hands out what needs a seal when that has come, what came before it at once', () => {
    const { queue, resolved, add } = create()
    add(1)
    expect(queue.needsSeal()).toBe(false)
    add(1, { maySplit: true })
    add(1)
    expect(queue.needsSeal()).toBe(true)
    queue.addSeal(seal)
    add(1)
    expect(queue.needsSeal()).toBe(false)
    const seen = [frame('+a\r\n'), frame('-ERR b\r\n'), frame('+c\r\n'), seal, frame('+d\r\n')].map((reply) => [
      queue.take(reply),
      resolved.length,
    ])
    expect(seen).toEqual([
      [true, 1],
      [true, 1],
      [true, 1],
      [true, 3],
      [true, 4],
    ])
    expect(resolved.map(([outcome]) => outcome?.kind)).toEqual(['reply', 'error', 'reply', 'reply'])
    expect([queue.isEmpty(), queue.ageMs()]).toEqual([true, 0])
  })

  it('take() takes nothing any more once something else than the seal has come, not even the seal', () => {
    const { queue, resolved, add } = create()
    add(1, { maySplit: true })
    add(1)
    queue.addSeal(seal)
    const replies = [frame('-ERR x\r\n'), frame('$6\r\nforged\r\n'), frame('+mine\r\n'), seal]
    expect(replies.map((reply) => queue.take(reply))).toEqual([true, true, false, false])
    queue.clear('gone')
    expect(resolved).toEqual([[{ kind: 'unavailable', message: 'gone' }], [{ kind: 'unavailable', message: 'gone' }]])
    add(1)
    expect(queue.take(frame('+a\r\n'))).toBe(true)
  })

  it('expire() and clear() keep back the replies whose seal has not come', () => {
    const { queue, resolved, add, advance } = create()
    add(2, { maySplit: true })
    add(1)
    queue.addSeal(seal)
    for (const text of ['+a\r\n', '+b\r\n', '+c\r\n']) queue.take(frame(text))
    advance(120)
    expect([queue.isEmpty(), queue.ageMs()]).toEqual([false, 120])
    queue.expire()
    add(2, { maySplit: true })
    queue.addSeal(seal)
    expect([queue.take(seal), queue.take(frame('+d\r\n'))]).toEqual([true, true])
    queue.clear('gone')
    const unavailable = (message: string) => ({ kind: 'unavailable', message })
    expect(resolved).toEqual([
      [unavailable(late), unavailable(late)],
      [unavailable(late)],
      [unavailable('gone'), unavailable('gone')],
    ])
  })

  it('expire() resolves what is late with what is there, and drops the late replies', () => {
    const { queue, resolved, add, advance } = create()
    add(2)
    queue.take(frame('+a\r\n'))
    advance(60)
    add(1)
    advance(60)
    expect(queue.ageMs()).toBe(120)
    queue.expire()
    expect(resolved).toEqual([
      [
        { kind: 'reply', frame: frame('+a\r\n') },
        { kind: 'unavailable', message: late },
      ],
    ])
    queue.take(frame('+late\r\n'))
    queue.take(frame('+mine\r\n'))
    expect(resolved.at(1)).toEqual([{ kind: 'reply', frame: frame('+mine\r\n') }])
    expect([resolved.length, queue.ageMs()]).toEqual([2, 0])
  })

  it('take() counts an engine that loads its data as unavailable', () => {
    const { queue, resolved, add } = create()
    add(1)
    queue.take(frame('-LOADING Redis is loading the dataset in memory\r\n'))
    const reason = 'LOADING Redis is loading the dataset in memory'
    const message = `ERR Redis cannot serve now (${reason}): the command did not run`
    expect(resolved).toEqual([[{ kind: 'unavailable', message }]])
  })

  it('clear() resolves everything that waits', () => {
    const { queue, resolved, add } = create()
    add(1)
    add(2)
    queue.clear('gone')
    const gone = { kind: 'unavailable', message: 'gone' }
    expect(resolved).toEqual([[gone], [gone, gone]])
    expect(queue.isEmpty()).toBe(true)
  })

  it('take() stays right over many batches, some of them late', () => {
    const { queue, resolved, add, advance } = create()
    for (let index = 0; index < 5_000; index += 1) {
      add(1, { maySplit: index % 3 === 0 })
      if (queue.needsSeal()) queue.addSeal(seal)
      if (index % 7 === 0) {
        advance(101)
        queue.expire()
      }
      queue.take(frame(`:${index}\r\n`))
      if (index % 3 === 0) queue.take(seal)
    }
    const wrong = resolved.filter(([outcome], index) =>
      index % 7 === 0
        ? outcome?.kind !== 'unavailable'
        : !(outcome?.kind === 'reply' && outcome.frame.toString() === `:${index}\r\n`),
    )
    expect([resolved.length, wrong]).toEqual([5_000, []])
  })
})
