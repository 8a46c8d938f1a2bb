import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Current } from './api-suite.ts'
import { createHarness, GENEROUS, TODAY } from './harness.ts'

export function describeConcurrency(current: Current): void {
  describe('concurrent requests', () => {
    it('20 clients that write and read at once never see an older answer than one they have seen', async () => {
      const harness = createHarness({ ...current(), policies: GENEROUS, deadline: '10s' })
      const user = await harness.createUser()
      const read = async () => {
        const response = await user.get(`/analytics/daily-summary?date=${TODAY}`)
        return z.object({ steps: z.number() }).parse(await response.json()).steps
      }
      const client = async (index: number) => {
        let seen = 0
        for (const round of [1, 2, 3]) {
          const steps = round * 1000 + index
          await user.ingest({ source: `watch-${index}`, daily_metrics: [{ date: TODAY, steps }] })
          seen = Math.max(seen, steps)
          for (let reads = 0; reads < 3; reads += 1) {
            const now = await read()
            expect(now).toBeGreaterThanOrEqual(seen)
            seen = now
          }
        }
      }
      await Promise.all(Array.from({ length: 20 }, (_, index) => client(index)))
      expect(await read()).toBe(3019)
    })
  })
}
