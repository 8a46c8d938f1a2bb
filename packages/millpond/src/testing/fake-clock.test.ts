import { expect, test } from 'vitest'
import { createFakeClock } from './fake-clock.ts'

test('createFakeClock() stands at the beginning of 2026 or where it is told, until it is moved', async () => {
  expect(createFakeClock().now()).toBe(Date.parse('2026-01-01T00:00:00Z'))
  const clock = createFakeClock(1_000)
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(clock.now()).toBe(1_000)
  await clock.advance(7)
  expect(clock.now()).toBe(1_007)
})

test('advance() fires what falls due in the order of its time, at its time, and nothing later or cancelled', async () => {
  const clock = createFakeClock(0)
  const fired: string[] = []
  const say = (name: string) => () => void fired.push(`${name} at ${clock.now()}`)
  clock.after(30, say('third'))
  clock.after(10, say('first'))
  clock.after(20, say('second'))
  clock.after(20, say('second too'))
  clock.after(41, say('later'))
  const cancel = clock.after(15, say('cancelled'))
  clock.after(12, cancel)
  await clock.advance(40)
  expect(fired).toEqual(['first at 10', 'second at 20', 'second too at 20', 'third at 30'])
  expect(clock.now()).toBe(40)
  await clock.advance(1)
  expect(fired.at(-1)).toBe('later at 41')
})

test('advance() lets what it fires go on, digests included, and fires what that asks for in the same span', async () => {
  const clock = createFakeClock(0)
  const seen: string[] = []
  const work = async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise<void>((resolve) => clock.after(10, resolve))
      await crypto.subtle.digest('SHA-256', new Uint8Array(1))
      seen.push(`turn ${turn} at ${clock.now()}`)
    }
  }
  void work()
  await clock.advance(30)
  expect(seen).toEqual(['turn 0 at 10', 'turn 1 at 20', 'turn 2 at 30'])
})

test('advance() first lets go on what is ready, so that its timers count from the time before', async () => {
  const clock = createFakeClock(0)
  const fired: number[] = []
  void crypto.subtle.digest('SHA-256', new Uint8Array(1)).then(() => clock.after(10, () => fired.push(clock.now())))
  await clock.advance(10)
  expect(fired).toEqual([10])
})

test('set() fires nothing; what is overdue then fires at the next move, which never goes back', async () => {
  const clock = createFakeClock(0)
  const fired: number[] = []
  clock.after(10, () => fired.push(clock.now()))
  clock.set(100)
  expect([clock.now(), fired]).toEqual([100, []])
  await clock.advance(5)
  expect([clock.now(), fired]).toEqual([105, [100]])
  clock.set(50)
  expect(clock.now()).toBe(50)
})
