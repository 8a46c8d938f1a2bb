import type { Clock } from './clock.ts'

/** One thing that was tried, and how it went. Carries no address and no message of a server. */
type Check = { name: string; ok: boolean; detail: string }

/** Whether the cache caches and the limits limit, by having tried it. */
export type SelfTests = {
  cache: { ok: boolean; checks: readonly Check[] }
  limiter: { ok: boolean; checks: readonly Check[] }
}

/** A failed test is not tried again more often, however many ask. */
const AGAIN_MS = 5000

/**
 * Runs the tests once, now, and returns what tells how they went. What failed, because the store was away at the start, is tried again
 * when somebody asks; what held once is not.
 */
export async function runSelfTests(test: () => Promise<SelfTests>, clock: Clock): Promise<() => Promise<SelfTests>> {
  let latest = test()
  let settled = await latest
  let triedMs = clock.now()
  return async () => {
    const isDue = clock.now() >= triedMs + AGAIN_MS || clock.now() < triedMs
    if (isDue && !(settled.cache.ok && settled.limiter.ok)) {
      triedMs = clock.now()
      latest = test()
    }
    settled = await latest
    return settled
  }
}
