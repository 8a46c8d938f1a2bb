import { setTimeout } from 'node:timers/promises'
import { memory } from 'millpond/memory'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { startTcpProxy } from 'millpond-e2e/tcp-proxy'
import { createServer } from 'millpond-rest'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SealingKey } from './seal.ts'
import { createApiCache, openStores, toReconnectMs } from './stores.ts'

const key = (id: string, byte: number): SealingKey => ({ id, key: Buffer.alloc(32, byte) })

describe('createApiCache() with encryption keys', () => {
  function open(...encryptionKeys: [SealingKey, ...SealingKey[]]) {
    const texts: string[] = []
    let leases = 0
    const inner = memory()
    const store: typeof inner = {
      ...inner,
      fill: (request) => {
        texts.push(request.text)
        return inner.fill(request)
      },
      lease: (request) => {
        leases += 1
        return inner.lease(request)
      },
    }
    const define = (...keys: [SealingKey, ...SealingKey[]]) => {
      const cache = createApiCache({ store, keySecret: 'sixteen characters', encryptionKeys: keys })
      const days = cache.define({
        name: 'day',
        ttl: '5m',
        input: z.string(),
        tags: (date) => [date],
        load: (date) => ({ date, steps: 31_415 }),
      })
      return { cache, days }
    }
    return { ...define(...encryptionKeys), define, texts, leases: () => leases }
  }

  it('gives hits and invalidations as before, and the store sees no value', async () => {
    const { cache, days, texts, leases } = open(key('a', 1))
    expect([(await days.get('one')).status, (await days.get('one')).status]).toEqual(['miss', 'hit'])
    expect((await days.get('one')).value).toEqual({ date: 'one', steps: 31_415 })
    expect(texts.join()).not.toMatch(/31415|steps|one/)
    await cache.invalidate(['one'])
    // The claim over the old entry is granted at once: what is compared is not encrypted.
    expect([(await days.get('one')).status, leases()]).toEqual(['miss', 2])
  })

  it('reads entries of the keys it has, and loads what another key has sealed', async () => {
    const { days, define } = open(key('b', 2))
    await days.get('one')
    expect((await define(key('c', 3), key('b', 2)).days.get('one')).status).toBe('hit')
    expect((await define(key('d', 4)).days.get('one')).status).toBe('miss')
  })
})

it('toReconnectMs() stays below a quarter of a second however often it failed', () => {
  const waits = [1, 2, 10, 1_000].map(toReconnectMs)
  expect(waits.map((ms) => ms <= 250)).toEqual([true, true, true, true])
  expect(waits[0]).toBeLessThan(100)
})

describeWith('redis', 'openStores() on a Redis', () => {
  it('has heard from the store over REST when it returns, since the first answer takes longer than a take may wait', async () => {
    const server = await startRedis()
    const rest = await createServer({ redis: server.url })
    const { url, token } = rest
    const stores = await openStores({ store: { kind: 'upstash', url, token }, caching: true })
    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    expect(await metrics.text()).toContain('requests_total{route="pipeline",status="200"} 1')
    await stores.close()
    await rest.close()
    await server.stop()
  })

  it('connects anew when nothing passes over its connection any more, of which nobody is told', async () => {
    const server = await startRedis()
    const proxy = await startTcpProxy({ target: server.port })
    const stores = await openStores({
      store: { kind: 'redis', url: `redis://127.0.0.1:${proxy.port}` },
      caching: true,
    })
    try {
      await stores.limits.ping()
      proxy.forget()
      await expect(stores.limits.ping()).rejects.toThrow('the connection failed')
      while (
        !(await stores.limits.ping().then(
          () => true,
          () => false,
        ))
      )
        await setTimeout(10)
    } finally {
      await stores.close()
      await proxy.close()
      await server.stop()
    }
  })
})
