import { Ratelimit } from '@upstash/ratelimit'
import { Redis as UpstashRedis } from '@upstash/redis'
import type { Redis } from 'ioredis'
import { createLimiter, type Policy, slidingWindow, tokenBucket } from 'millpond'
import { redis, type Store } from 'millpond/redis'
import { upstash } from 'millpond/upstash'
import { RedisStore } from 'rate-limit-redis'
import { RateLimiterRedis } from 'rate-limiter-flexible'

export interface Answer {
  readonly allowed: boolean
  /** What a refused caller is told to wait. */
  readonly waitMs: number
}

/** A limiter that is compared: takes one unit for a key, under one policy or, with `count`, that many of them at once. */
export interface Limit {
  readonly name: string
  take(key: string, count?: number): Promise<Answer>
}

export interface Rule {
  readonly limit: number
  readonly windowMs: number
}

/** As many policies as are compared at most. */
const POLICIES = [0, 1, 2] as const

/** The caches of refusals are off, ours and theirs: every decision is one of the store. */
function ours(name: string, store: Store, toPolicy: (rule: Rule) => Policy<undefined>, rule: Rule): Limit {
  const policy = toPolicy(rule)
  const limiter = createLimiter({
    store,
    deadline: '10s',
    denialMemo: false,
    namespace: `${name.replaceAll(' ', '-')}-${rule.limit}-${rule.windowMs}`,
    policies: { p0: policy, p1: policy, p2: policy },
  })
  return {
    name,
    async take(key, count = 1) {
      const decision = await (count === 1
        ? limiter.limit('p0', key)
        : limiter.take(POLICIES.slice(0, count).map((index) => ({ policy: `p${index}` as const, key }))))
      if (decision.status === 'degraded')
        throw new TypeError('Cannot measure: the store did not answer', { cause: decision.cause })
      return { allowed: decision.allowed, waitMs: decision.status === 'refused' ? decision.retryAfterMs : 0 }
    },
  }
}

const sliding = ({ limit, windowMs }: Rule) => slidingWindow({ limit, window: windowMs, onUnavailable: 'closed' })
const bucket = ({ limit, windowMs }: Rule) => tokenBucket({ limit, window: windowMs, onUnavailable: 'closed' })

/** Of several takes: allowed when all are, the longest wait. Where a library has no check of several, each is asked at once. */
async function each(count: number, take: (index: number) => Promise<Answer>): Promise<Answer> {
  if (count === 1) return take(0)
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => take(index)))
  return {
    allowed: answers.every(({ allowed }) => allowed),
    waitMs: Math.max(...answers.map(({ waitMs }) => waitMs)),
  }
}

/** Limiters over one ioredis connection. */
export async function overTcp(client: Redis, rule: Rule): Promise<Limit[]> {
  const { limit, windowMs } = rule
  const name = `${limit}-${windowMs}`
  const flexible = POLICIES.map(
    (index) =>
      new RateLimiterRedis({
        storeClient: client,
        points: limit,
        duration: windowMs / 1_000,
        keyPrefix: `rlf${index}-${name}`,
      }),
  )
  const fixed = await Promise.all(
    POLICIES.map(async (index) => {
      const store = new RedisStore({
        sendCommand: (command, ...args) => client.call(command, ...args) as Promise<number>,
        prefix: `rlr${index}-${name}:`,
      })
      await store.init({ windowMs } as Parameters<typeof store.init>[0])
      return store
    }),
  )
  return [
    ours('millpond slidingWindow', redis(client), sliding, rule),
    ours('millpond tokenBucket', redis(client), bucket, rule),
    {
      name: 'rate-limiter-flexible',
      take: (key, count = 1) =>
        each(count, async (index) => {
          try {
            await flexible[index]?.consume(key)
            return { allowed: true, waitMs: 0 }
          } catch (refusal) {
            if (refusal instanceof Error) throw refusal
            return { allowed: false, waitMs: (refusal as { msBeforeNext: number }).msBeforeNext }
          }
        }),
    },
    {
      name: 'rate-limit-redis',
      take: (key, count = 1) =>
        each(count, async (index) => {
          const { totalHits = 0, resetTime } = (await fixed[index]?.increment(key)) ?? {}
          return { allowed: totalHits <= limit, waitMs: Math.max(0, (resetTime?.getTime() ?? 0) - Date.now()) }
        }),
    },
  ]
}

/** Limiters over the REST protocol. */
export function overRest(rest: { readonly url: string; readonly token: string }, rule: Rule): Limit[] {
  const { limit, windowMs } = rule
  const client = new UpstashRedis({ ...rest, enableTelemetry: false })
  const window = `${windowMs} ms` as const
  const theirs = (kind: string, limiter: ConstructorParameters<typeof Ratelimit>[0]['limiter']): Limit => {
    const limits = POLICIES.map(
      (index) =>
        new Ratelimit({
          redis: client,
          limiter,
          ephemeralCache: false,
          prefix: `up${index}-${kind}-${limit}-${windowMs}`,
        }),
    )
    return {
      name: `@upstash/ratelimit ${kind}`,
      take: (key, count = 1) =>
        each(count, async (index) => {
          const { success = false, reset = 0 } = (await limits[index]?.limit(key)) ?? {}
          return { allowed: success, waitMs: Math.max(0, reset - Date.now()) }
        }),
    }
  }
  return [
    ours('millpond slidingWindow', upstash(rest), sliding, rule),
    ours('millpond tokenBucket', upstash(rest), bucket, rule),
    theirs('slidingWindow', Ratelimit.slidingWindow(limit, window)),
    theirs('fixedWindow', Ratelimit.fixedWindow(limit, window)),
    theirs('tokenBucket', Ratelimit.tokenBucket(limit, window, limit)),
  ]
}
