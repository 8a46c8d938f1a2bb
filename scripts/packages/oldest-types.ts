/** Compiled beside the packed library, by the oldest TypeScript that it promises: its declarations can be read, and hold users to their policies. */
import { createCache, createLimiter, fixedWindow, slidingWindow } from 'millpond'
import 'millpond/http'
import 'millpond/redis'
import 'millpond/upstash'
import 'millpond/seal'
import 'millpond/codec'
import 'millpond/testing'
import { memory } from 'millpond/memory'

const store = memory()
const cache = createCache({ store, namespace: 'shop' })
const product = cache.define({ name: 'product', ttl: '5m', load: async () => ({ id: 7 }) })
export const id: Promise<number> = product.get().then(({ value }) => value.id)

const limits = { free: 5, paid: 50 }
const limiter = createLimiter({
  store,
  policies: {
    join: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'local' }),
    chat: fixedWindow({
      limit: ({ tier }: { tier: 'free' | 'paid' }) => limits[tier],
      window: '1d',
      onUnavailable: 'closed',
    }),
  },
})
void limiter.take([
  { policy: 'join', key: 'a' },
  { policy: 'chat', key: 'b', context: { tier: 'free' } },
])
// @ts-expect-error no policy has this name
void limiter.limit('jion', 'a')
// @ts-expect-error its limit depends on the tier
void limiter.take({ policy: 'chat', key: 'b' })
