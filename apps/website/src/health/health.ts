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

function answers(ping: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  const answer = ping().then(
    () => true,
    () => false,
  )
  return Promise.race([answer, timeout]).finally(() => clearTimeout(timer))
}

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
  return {
    isDatabaseUp: onceAWhile(() => answers(pingDatabase), { everyMs: PING_EVERY_MS, now }),
    isStoreUp: onceAWhile(() => answers(pingStore), { everyMs: PING_EVERY_MS, now }),
    selfTests: onceAWhile(test, { everyMs: TEST_EVERY_MS, now, isFinal: ({ cache, limiter }) => cache && limiter }),
  }
}
