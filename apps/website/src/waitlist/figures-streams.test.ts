import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFiguresStreams } from './figures-streams.ts'

const figures = (totalSignups: number) => ({ totalSignups, foundingMembersLeft: 30, totalReferrals: 0 })

/** What has arrived in a stream so far, without waiting for more. */
function follow(stream: ReadableStream<Uint8Array> | undefined) {
  const reader = stream?.getReader()
  const seen: string[] = []
  let isOver = false
  const pump = async (): Promise<void> => {
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read())
      seen.push(new TextDecoder().decode(part.value).trim())
    isOver = true
  }
  void pump()
  return { seen, isOver: () => isOver, cancel: () => reader?.cancel() }
}

describe('createFiguresStreams()', () => {
  let total: number
  let reads: number
  const read = vi.fn(async () => {
    reads += 1
    return figures(total)
  })
  beforeEach(() => {
    total = 1
    reads = 0
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  })
  afterEach(() => vi.useRealTimers())

  /** Lets what was begun come to its end. */
  const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)
  const event = (count: number) => `data: ${JSON.stringify(figures(count))}`

  it('sends the figures at once and then only when they change, with one read for all', async () => {
    const streams = createFiguresStreams({ read })
    const [first, second] = [follow(streams.open('a')), follow(streams.open('b'))]
    await settle(1_900)
    expect(first.seen).toEqual(['retry: 5000', event(1)])
    await settle(4_000)
    expect([first.seen.length, reads <= 4]).toEqual([2, true])
    total = 2
    await settle(2_000)
    total = 3
    streams.nudge()
    await settle()
    expect(first.seen.slice(2)).toEqual([event(2), event(3)])
    expect(second.seen).toEqual(first.seen)
    expect(follow(streams.open('c')).seen).toEqual([])
    streams.close()
  })

  it('beats every fifteen seconds, ends after ten minutes, and reads nothing while nobody watches', async () => {
    const streams = createFiguresStreams({ read })
    const viewer = follow(streams.open('a'))
    await settle(31_000)
    expect(viewer.seen.slice(2)).toEqual(['event: beat\ndata:', 'event: beat\ndata:'])
    await settle(10 * 60_000)
    expect([viewer.isOver(), streams.count()]).toEqual([true, 0])
    const before = reads
    await settle(60_000)
    expect([reads, vi.getTimerCount()]).toEqual([before, 0])
  })

  it('opens no more than its places, nor more than one viewer’s, and again when one is left', async () => {
    const streams = createFiguresStreams({ read, places: 3, placesEach: 2 })
    const opened = [streams.open('a'), streams.open('a'), streams.open('a'), streams.open('b'), streams.open('c')]
    expect(opened.map((stream) => stream !== undefined)).toEqual([true, true, false, true, false])
    await opened[0]?.cancel()
    expect([streams.count(), streams.open('c') !== undefined]).toEqual([2, true])
    streams.close()
  })

  it('lets go of a viewer who takes nothing', async () => {
    const streams = createFiguresStreams({ read })
    streams.open('asleep')
    const awake = follow(streams.open('awake'))
    for (total = 2; total < 30; total += 1) await settle(2_000)
    expect([streams.count(), awake.seen.includes(event(29))]).toEqual([1, true])
    streams.close()
  })

  it('reads once more for what changes while it reads, and never twice at a time', async () => {
    const answers: (() => void)[] = []
    const slowly = async () => {
      const value = figures(total)
      await new Promise<void>((resolve) => answers.push(resolve))
      return value
    }
    const streams = createFiguresStreams({ read: slowly })
    const viewer = follow(streams.open('a'))
    total = 2
    streams.nudge()
    streams.nudge()
    expect(answers.length).toBe(1)
    answers[0]?.()
    await settle()
    expect([viewer.seen.slice(1), answers.length]).toEqual([[event(1)], 2])
    answers[1]?.()
    await settle()
    expect([viewer.seen.slice(1), answers.length]).toEqual([[event(1), event(2)], 2])
    streams.close()
  })

  it('keeps streams open while the figures cannot be read', async () => {
    const streams = createFiguresStreams({ read })
    read.mockRejectedValueOnce(new Error('down'))
    const viewer = follow(streams.open('a'))
    await settle()
    expect(viewer.seen).toEqual(['retry: 5000'])
    await settle(2_000)
    expect(viewer.seen).toEqual(['retry: 5000', event(1)])
    streams.close()
    await settle()
    expect([viewer.isOver(), streams.open('b'), vi.getTimerCount()]).toEqual([true, undefined, 0])
  })
})
