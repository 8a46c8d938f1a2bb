import { expect, test } from 'vitest'
import { live, type Scenario } from './world.ts'

const scenario: Scenario = {
  instances: 8,
  items: 20,
  clients: 10_000,
  writes: 0.05,
  perSecond: 400,
  durationMs: 10_000,
  nights: false,
}

test('live() gives the same outcome for the same seed', async () => {
  const [first, second] = [await live('millpond', scenario, 7), await live('millpond', scenario, 7)]
  expect(second).toEqual(first)
})

test('live() sees stale reads where they are: by hand, and with a local tier for as long as it is promised', async () => {
  const [exact, local, byHand] = [
    await live('millpond', scenario),
    await live('millpond, local 2 s', scenario),
    await live('by hand', scenario),
  ]
  expect(exact.staleMs).toEqual([])
  expect(local.staleMs.length).toBeGreaterThan(0)
  expect(Math.max(...local.staleMs)).toBeLessThanOrEqual(2_000)
  expect(byHand.staleMs.length).toBeGreaterThan(0)
})
