import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { StoreKey } from '../src/key.ts'
import { redis } from '../src/stores/redis/index.ts'

/** One process of the exactness test: 32 clients that, from when they are told to, take as fast as they can. Sends back the moments, on the server's clock, of what was admitted. */
const [url = '', limits = '', windowMs = '', forMs = ''] = process.argv.slice(2)
const client = new Redis(url)
const store = redis(client)
const admitted: Record<string, number[]> = {}
await client.ping()
process.send?.('ready')
await once(process, 'message')
const until = performance.now() + Number(forMs)

async function hammer(limit: number): Promise<void> {
  const moments = admitted[limit] ?? []
  admitted[limit] = moments
  const check = {
    key: `mp:exact:r{=all}p${limit}` as StoreKey,
    algorithm: 'sliding-window',
    limit,
    windowMs: Number(windowMs),
    cost: 1,
  } as const
  while (performance.now() < until) {
    const [verdict] = await store.take([check])
    if (verdict?.mark !== undefined) moments.push(Number(verdict.mark))
  }
}

const clients = Array.from({ length: 32 }, (_, index) => limits.split(',').map(Number)[index % 4] ?? 1)
await Promise.all(clients.map(hammer))
process.send?.(admitted)
client.disconnect()
process.disconnect?.()
