import { describe, expect, test, vi } from 'vitest'
import { createTick } from './tick.ts'

/** A tick that the test ends, over calls that the test answers. */
function setUp(splits: boolean) {
  const ends: (() => void)[] = []
  const answers: (() => void)[] = []
  const sent: number[] = []
  let waiting = 0
  const tick = createTick({ atTickEnd: (run) => void ends.push(run), splits }, () => {
    if (waiting === 0) return
    sent.push(waiting)
    waiting = 0
    tick.track(new Promise<void>((resolve) => void answers.push(resolve)))
  })
  const ask = (times: number) => {
    for (let asked = 0; asked < times; asked += 1) {
      waiting += 1
      tick.add()
    }
  }
  const end = () => {
    for (const run of ends.splice(0)) run()
  }
  const answer = async () => {
    answers.shift()?.()
    await Promise.resolve()
  }
  /** Asks, ends the tick and has all calls answered; what was sent. */
  const run = async (times: number) => {
    ask(times)
    end()
    while (answers.length > 0) await answer()
    return sent.splice(0)
  }
  return { ask, end, answer, run, sent }
}

describe('a tick', () => {
  test('is one call where commands leave at its end anyway', async () => {
    const { run } = setUp(false)
    for (let round = 0; round < 3; round += 1) expect(await run(64)).toEqual([64])
  })

  test('is two calls after one that was as full, the first sent while the rest is asked', async () => {
    const { run } = setUp(true)
    expect([await run(64), await run(64), await run(64)]).toEqual([[64], [32, 32], [32, 32]])
    expect([await run(9), await run(9)]).toEqual([[9], [5, 4]])
  })

  test('is one call after one of fewer than 8, and where it has fewer than half of the last', async () => {
    const { run } = setUp(true)
    expect([await run(7), await run(64), await run(31), await run(15)]).toEqual([[7], [64], [31], [15]])
    expect([await run(8), await run(1), await run(8), await run(8)]).toEqual([[8], [1], [8], [4, 4]])
  })

  test('is one call while another is under way, and leaves what the last idle one has said', async () => {
    const { ask, answer, end, run, sent } = setUp(true)
    await run(64)
    ask(64)
    end()
    expect(sent.splice(0)).toEqual([32, 32])
    await answer()
    ask(32)
    end()
    await answer()
    ask(40)
    end()
    expect(sent.splice(0)).toEqual([32, 40])
    await answer()
    await answer()
    expect(await run(64)).toEqual([32, 32])
  })

  test('goes on after a call that failed', async () => {
    const send = vi.fn(() => tick.track(Promise.reject(new Error('away'))))
    const ends: (() => void)[] = []
    const tick = createTick({ atTickEnd: (run) => void ends.push(run), splits: true }, send)
    for (let round = 0; round < 2; round += 1) {
      for (let asked = 0; asked < 8; asked += 1) tick.add()
      for (const run of ends.splice(0)) run()
      await Promise.resolve()
    }
    expect(send).toHaveBeenCalledTimes(3)
  })
})
