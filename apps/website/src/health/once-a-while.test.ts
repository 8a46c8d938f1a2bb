import { describe, expect, it } from 'vitest'
import { onceAWhile } from './once-a-while.ts'

function start(options: { isFinal?: (answer: number) => boolean } = {}) {
  const clock = { ms: 0 }
  const waiting: (() => void)[] = []
  let runs = 0
  const ask = onceAWhile(
    async () => {
      runs += 1
      const nth = runs
      await new Promise<void>((resolve) => waiting.push(resolve))
      return nth
    },
    { everyMs: 100, now: () => clock.ms, ...options },
  )
  const settle = () => {
    for (const go of waiting.splice(0)) go()
  }
  const answer = async () => {
    const asked = ask()
    settle()
    return asked
  }
  return { clock, ask, settle, answer, runs: () => runs }
}

describe('onceAWhile()', () => {
  it('runs at most once in its time, whenever that has passed or the clock went back', async () => {
    const { clock, answer } = start()
    const answers = []
    for (const ms of [0, 99, 100, 199, 200, 50]) {
      clock.ms = ms
      answers.push(await answer())
    }
    expect(answers).toEqual([1, 1, 2, 2, 3, 4])
  })

  it('runs once at a time, however long it takes', async () => {
    const { clock, ask, settle, runs } = start()
    const first = ask()
    clock.ms = 1_000
    const second = ask()
    settle()
    expect([await first, await second, runs()]).toEqual([1, 1, 1])
  })

  it('keeps an answer that is final', async () => {
    const { clock, answer } = start({ isFinal: (nth) => nth === 2 })
    const answers = []
    for (const ms of [0, 100, 200, 300]) {
      clock.ms = ms
      answers.push(await answer())
    }
    expect(answers).toEqual([1, 2, 2, 2])
  })
})
