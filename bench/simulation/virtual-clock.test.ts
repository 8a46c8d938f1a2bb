import { expect, test } from 'vitest'
import { createVirtualClock } from './virtual-clock.ts'

test('runUntil() fires in the order of time, then of setting, and leaves what is later or cancelled', async () => {
  const clock = createVirtualClock()
  const fired: string[] = []
  const note = (name: string) => () => void fired.push(`${name} at ${clock.now()}`)
  for (const ms of [30, 10, 20, 10, 40, 5]) clock.after(ms, note(`${ms}`))
  clock.after(15, note('cancelled'))()
  clock.after(10, () => void clock.after(2, note('set on the way')))
  await clock.runUntil(30)
  expect(fired).toEqual(['5 at 5', '10 at 10', '10 at 10', 'set on the way at 12', '20 at 20', '30 at 30'])
  expect(clock.now()).toBe(30)
})

test('runUntil() lets promises settle before it jumps', async () => {
  const clock = createVirtualClock()
  let moment = Number.NaN
  const later = async () => {
    for (let turn = 0; turn < 100; turn += 1) await undefined
    moment = clock.now()
  }
  clock.after(1, () => void later())
  clock.after(2, () => {})
  await clock.runUntil(2)
  expect(moment).toBe(1)
})
