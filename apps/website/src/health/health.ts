import { setTimeout as delay } from 'node:timers/promises'
import { onceAWhile } from './once-a-while.ts'

/** Whether the cache caches and the limits limit, by having tried it on the store. */
export interface SelfTests {
  readonly cache: boolean
  readonly limiter: boolean
}

export interface Health {
  /** Without it nothing of the list can be answered. */
  isDatabaseUp(): Promise<boolean>
  /** Without it cache and limits live in each process. */
  isStoreUp(): Promise<boolean>
  /** Tried until both hold, and not again after. */
  selfTests(): Promise<SelfTests>
}

const PING_TIMEOUT_MS = 2_000
const PING_EVERY_MS = 1_000
const TEST_EVERY_MS = 5_000

/** However many ask, each part is asked once a second at most. `now` is a monotonic clock in milliseconds. */
export function createHealth(parts: {
  pingDatabase(): Promise<unknown>
  pingStore(): Promise<unknown>
  testCache(): Promise<{ readonly ok: boolean }>
  testLimiter(): Promise<{ readonly ok: boolean }>
  now(): number
}): Health {
  const { pingDatabase, pingStore, testCache, testLimiter, now } = parts
  const holds = (test: () => Promise<{ readonly ok: boolean }>): Promise<boolean> =>
    test().then(
      ({ ok }) => ok,
      () => false,
    )
  const test = async (): Promise<SelfTests> => {
    const [cache, limiter] = await Promise.all([holds(testCache), holds(testLimiter)])
    return { cache, limiter }
  }
  /** One that hangs is waited for a while by each who asks, and asked no second time. */
  const answers = (ping: () => Promise<unknown>) => {
    const asked = onceAWhile(() => holds(() => ping().then(() => ({ ok: true }))), { everyMs: PING_EVERY_MS, now })
    return () => Promise.race([asked(), delay(PING_TIMEOUT_MS, false, { ref: false })])
  }
  return {
    isDatabaseUp: answers(pingDatabase),
    isStoreUp: answers(pingStore),
    selfTests: onceAWhile(test, { everyMs: TEST_EVERY_MS, now, isFinal: ({ cache, limiter }) => cache && limiter }),
  }
}
