import { expect, it } from 'vitest'
import { runSelfTests } from './self-tests.ts'

const tests = (ok: boolean) => ({ cache: { ok, checks: [] }, limiter: { ok: true, checks: [] } })

it('runSelfTests() tries again what failed, at most every 5 s, and what held never', async () => {
  const clock = { time: 0, now: () => clock.time }
  let tried = 0
  let ok = false
  const report = await runSelfTests(async () => {
    tried += 1
    return tests(ok)
  }, clock)
  expect([await report(), tried]).toEqual([tests(false), 1])
  clock.time += 4999
  expect([await report(), tried]).toEqual([tests(false), 1])
  ok = true
  clock.time += 1
  expect([await Promise.all([report(), report()]), tried]).toEqual([[tests(true), tests(true)], 2])
  clock.time += 60_000
  expect([await report(), tried]).toEqual([tests(true), 2])
})
