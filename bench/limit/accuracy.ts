import { setTimeout as sleep } from 'node:timers/promises'
import type { Limit, Rule } from './contenders.ts'

interface Admitted {
  readonly askedAt: number
  readonly answeredAt: number
}

/**
 * Bursts of as many as the limit, at random moments. Gives the most that were certainly admitted within one rolling window: asked and answered within it, a millisecond less for the
 * rounding of clocks. So a limiter that is exact is never shown above its limit, and one that is not may be a little worse than shown.
 */
export async function mostAdmitted({ take }: Limit, { limit, windowMs }: Rule, forMs: number): Promise<number> {
  const admitted: Admitted[] = []
  const end = performance.now() + forMs
  while (performance.now() < end) {
    await Promise.all(
      Array.from({ length: limit }, async () => {
        const askedAt = performance.now()
        const { allowed } = await take('burst')
        if (allowed) admitted.push({ askedAt, answeredAt: performance.now() })
      }),
    )
    await sleep(5 + Math.random() * 30)
  }
  const within = ({ askedAt: start }: Admitted): number =>
    admitted.filter(({ askedAt, answeredAt }) => askedAt >= start && answeredAt <= start + windowMs - 1).length
  return admitted.reduce((most, first) => Math.max(most, within(first)), 0)
}

/** How many of `clients`, each alone on its key, are admitted when they come back exactly when they were told to. */
export async function passWhenTold(limit: Limit, rule: Rule, clients: number): Promise<number> {
  const passed = await Promise.all(
    Array.from({ length: clients }, (_, index) => waitAsTold(limit, rule, `told${index}`)),
  )
  return passed.filter(Boolean).length / clients
}

async function waitAsTold({ take }: Limit, { limit, windowMs }: Rule, key: string): Promise<boolean> {
  await sleep(Math.random() * windowMs)
  for (let turn = 0; turn < limit; turn += 1) {
    await take(key)
    await sleep(Math.random() * 10)
  }
  let answer = await take(key)
  while (answer.allowed) answer = await take(key)
  // Timers may fire a little early; what is told is whole milliseconds.
  await sleep(Math.ceil(answer.waitMs) + 1)
  return (await take(key)).allowed
}
