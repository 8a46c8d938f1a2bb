import { createRequire } from 'node:module'
import { createLimiter, slidingWindow, tokenBucket } from 'millpond'
import { redis } from 'millpond/redis'
import { upstash } from 'millpond/upstash'

/** A contender takes one unit for a key and says { allowed, waitMs }. */

const policy = (make, limit, windowMs) => make({ limit, window: windowMs, onUnavailable: 'closed' })

function ours(store, make, limit, windowMs) {
  const limiter = createLimiter({
    store,
    deadline: '10s',
    // Off, so that every decision is measured, as the peers' caches are.
    denialMemo: false,
    namespace: `bench-${make.name}-${limit}`,
    policies: { p: policy(make, limit, windowMs) },
  })
  return async (key) => {
    const decision = await limiter.limit('p', key)
    return { allowed: decision.allowed, waitMs: decision.retryAfterMs ?? 0 }
  }
}

export async function overTcp({ client, peers, limit, windowMs }) {
  const require = createRequire(`${peers}/package.json`)
  const { RateLimiterRedis } = require('rate-limiter-flexible')
  const { RedisStore } = require('rate-limit-redis')
  const flexible = new RateLimiterRedis({
    storeClient: client,
    points: limit,
    duration: windowMs / 1000,
    keyPrefix: `rlf${limit}`,
  })
  const fixed = new RedisStore({ sendCommand: (...args) => client.call(...args), prefix: `rlr${limit}:` })
  await fixed.init({ windowMs })
  const sha = await client.script('LOAD', 'return {1, 2, 3}')
  return {
    'raw EVALSHA': async (key) => ({ allowed: (await client.evalsha(sha, 1, key)).length === 3, waitMs: 0 }),
    'millpond slidingWindow': ours(redis(client), slidingWindow, limit, windowMs),
    'millpond tokenBucket': ours(redis(client), tokenBucket, limit, windowMs),
    'rate-limiter-flexible': (key) =>
      flexible.consume(key).then(
        () => ({ allowed: true, waitMs: 0 }),
        (refusal) => ({ allowed: false, waitMs: refusal.msBeforeNext }),
      ),
    'rate-limit-redis': async (key) => {
      const { totalHits, resetTime } = await fixed.increment(key)
      return { allowed: totalHits <= limit, waitMs: Math.max(0, resetTime.getTime() - Date.now()) }
    },
  }
}

export async function overRest({ rest, peers, limit, windowMs }) {
  const require = createRequire(`${peers}/package.json`)
  const { Ratelimit } = require('@upstash/ratelimit')
  const { Redis } = require('@upstash/redis')
  const client = new Redis({ url: rest.url, token: rest.token, enableTelemetry: false })
  const window = `${windowMs} ms`
  const theirs = (name, limiter) => {
    const ratelimit = new Ratelimit({ redis: client, limiter, ephemeralCache: false, prefix: `up-${name}-${limit}` })
    return async (key) => {
      const { success, reset } = await ratelimit.limit(key)
      return { allowed: success, waitMs: Math.max(0, reset - Date.now()) }
    }
  }
  const store = upstash({ url: rest.url, token: rest.token })
  return {
    'millpond slidingWindow': ours(store, slidingWindow, limit, windowMs),
    'millpond tokenBucket': ours(store, tokenBucket, limit, windowMs),
    '@upstash/ratelimit slidingWindow': theirs('sliding', Ratelimit.slidingWindow(limit, window)),
    '@upstash/ratelimit fixedWindow': theirs('fixed', Ratelimit.fixedWindow(limit, window)),
    '@upstash/ratelimit tokenBucket': theirs('bucket', Ratelimit.tokenBucket(limit, window, limit)),
  }
}
