import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { expect, test } from 'vitest'
import { countCost } from './count-cost.ts'

describeWith('redis', 'countCost()', () => {
  test('counts commands inside scripts, round trips and bytes when one thing is asked at a time', async () => {
    const server = await startRedis()
    const watched = new Redis(server.url)
    const watcher = new Redis(server.url)
    try {
      await watched.eval("return redis.call('GET', KEYS[1])", 1, 'a')
      const cost = await countCost(
        watcher,
        async () => {
          for (let turn = 0; turn < 100; turn += 1) await watched.eval("return redis.call('GET', KEYS[1])", 1, 'a')
        },
        100,
      )
      expect(cost).toMatchObject({ commands: 2, byCommand: { eval: 1, get: 1 } })
      expect(cost.roundTrips).toBeCloseTo(1, 1)
      expect([cost.bytesIn, cost.bytesOut]).toEqual([68, 3])
    } finally {
      watched.disconnect()
      watcher.disconnect()
      await server.stop()
    }
  })
})
