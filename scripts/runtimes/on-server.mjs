/** Runs in an empty project on Node.js, Bun or Deno: every kind of store, and a REST server of this very runtime. Prints one line, or throws. */
import process from 'node:process'
import { Redis } from 'ioredis'
import { createLimiter, slidingWindow } from 'millpond'
import { guard } from 'millpond/http'
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
await proveText()
const total = cases.reduce((sum, count) => sum + count, 0)
console.log(`${total} cases hold on ${Object.keys(stores).join(', ')}`)
await served.close()
process.exit(0)

/** A guarded text is still a text. Bun decides on that when it sends it. */
async function proveText() {
  const join = slidingWindow({ limit: 1, window: '1m', onUnavailable: 'closed' })
  const limiter = createLimiter({ store: memory(), policies: { join } })
  const answer = () => guard({ limits: () => limiter.limit('join', 'alice'), answer: () => new Response('hello') })
  const { headers } = await ('Bun' in globalThis ? askBun(answer) : answer())
  const [type, policy] = [headers.get('content-type') ?? '', headers.get('ratelimit-policy')]
  if (/^text\/plain/i.test(type) && policy) return
  throw new TypeError(`a guarded text must be text/plain with its limits, received ${type} with ${policy}`)
}

/** @param {() => Promise<Response>} answer */
async function askBun(answer) {
  // @ts-expect-error Bun alone has it.
  const server = globalThis.Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  try {
    return await fetch(server.url)
  } finally {
    server.stop()
  }
}
