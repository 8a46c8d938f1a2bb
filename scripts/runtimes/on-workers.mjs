/** A worker of Cloudflare's: all is made outside the handler, and a request may end before the load that it began. */
import { env, waitUntil } from 'cloudflare:workers'
import { createCache, createLimiter, slidingWindow } from 'millpond'
import { upstash } from 'millpond/upstash'

const LOAD_MS = 500

const store = upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN })
const cache = createCache({ store, namespace: 'workers', waitUntil })
const global = slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' })
const limiter = createLimiter({ store, namespace: 'workers', policies: { global } })
let loads = 0
const value = cache.define({
  name: 'value',
  ttl: '5m',
  async load() {
    loads += 1
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS))
    return loads
  },
})

export default {
  /** @param {Request} request */
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      // Answers while the load is under way.
      case '/leave-loading':
        void value.get()
        await limiter.limit('global', 'key')
        return new Response()
      // Answers before anything has been asked.
      case '/leave-at-once':
        void limiter.limit('global', 'key')
        return new Response()
      default: {
        const [decision, read] = await Promise.all([limiter.limit('global', 'key'), value.get()])
        return Response.json({ limit: decision.status, value: read.value, loads })
      }
    }
  },
}
