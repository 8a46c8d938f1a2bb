/** Runs in an empty project on Node.js, Bun or Deno: every kind of store, and a REST server of this very runtime. Prints one line, or throws. */
import process from 'node:process'
import { Redis } from 'ioredis'
import { memory } from 'millpond/memory'
import { redis } from 'millpond/redis'
import { upstash } from 'millpond/upstash'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { proveStore } from './prove-store.mjs'

const { REDIS_URL = '', REST_URL = '', REST_TOKEN = '' } = process.env
const ioredis = new Redis(REDIS_URL)
const nodeRedis = createClient({ url: REDIS_URL })
await nodeRedis.connect()
const served = await createServer({ redis: REDIS_URL })
const stores = {
  memory: memory(),
  ioredis: redis(ioredis),
  'node-redis': redis(nodeRedis),
  REST: upstash({ url: REST_URL, token: REST_TOKEN }),
  'REST served here': upstash({ url: served.url, token: served.token }),
}
const cases = await Promise.all(Object.values(stores).map(proveStore))
const total = cases.reduce((sum, count) => sum + count, 0)
console.log(`${total} cases hold on ${Object.keys(stores).join(', ')}`)
await served.close()
process.exit(0)
