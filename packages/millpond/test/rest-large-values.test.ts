import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import { upstash } from '../src/stores/upstash/index.ts'

describeWith('redis', 'a store over REST, which refuses a request of more than 10 MiB', () => {
  const use = async (run: (cache: ReturnType<typeof createCache>) => Promise<void>) => {
    const redis = await startRedis()
    const rest = await createServer({ redis: redis.url })
    // Long: a busy machine is not an outage.
    const cache = createCache({ store: upstash(rest), namespace: 'large', deadline: '30s' })
    try {
      await run(cache)
    } finally {
      cache.close()
      await rest.close()
      await redis.stop()
    }
  }

  test('keeps values that together are larger', () =>
    use(async (cache) => {
      const loadMany = async (ids: readonly number[]) => ids.map((id) => `${id}`.padEnd(300_000, 'x'))
      const page = cache.define({ name: 'page', ttl: '5m', input: z.int(), loadMany })
      const ids = Array.from({ length: 50 }, (_, id) => id)
      for (const status of ['miss', 'hit'])
        expect((await page.getMany(ids)).map((read) => read.status)).toEqual(ids.map(() => status))
    }))

  test('is not left alone for values that by themselves are larger', () =>
    use(async (cache) => {
      const page = cache.define({ name: 'page', ttl: '5m', input: z.int(), load: (id) => id })
      const video = cache.define({ name: 'video', ttl: '5m', input: z.int(), load: () => 'x'.repeat(11_000_000) })
      await page.get(0)
      for (const read of await video.getMany([0, 1, 2, 3, 4, 5]))
        expect(read).toMatchObject({ status: 'miss', ttlMs: 0 })
      expect((await page.get(1)).status).toBe('miss')
      expect((await page.get(1)).status).toBe('hit')
    }))
})
