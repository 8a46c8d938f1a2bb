import { createLimiter, type Duration, fixedWindow, type LimitStore, slidingWindow } from 'millpond'
import type { z } from 'zod'
import type { SubscriptionTier } from './health/preferences.ts'

type Tier = z.infer<typeof SubscriptionTier>

/** Questions to the coach in one UTC day. */
export const CHAT_LIMITS = { free: 50, premium: 500 } as const satisfies Record<Tier, number>

/** Items that one user may send to the ingest in one UTC day. */
export const ITEMS_A_DAY = 100_000

/** Every request limit of the API. `local`: while the store is away each process counts on its own. */
export const POLICIES = {
  /** Requests of one signed-in user. */
  user: slidingWindow({ limit: 120, window: '60s', onUnavailable: 'local' }),
  /** Requests from one address, whoever sends them: an office behind one address has several users. */
  address: slidingWindow({ limit: 600, window: '60s', onUnavailable: 'local' }),
  /** All requests whose address cannot be told. */
  'unknown-address': slidingWindow({ limit: 60, window: '60s', onUnavailable: 'local' }),
  /** Events about one connected athlete. They are unsigned, and each asks Strava, whose limit is all users' together. */
  'strava-athlete': slidingWindow({ limit: 30, window: '15m', onUnavailable: 'local' }),
  /** Items that one user sends to the ingest in a UTC day: ten years of several devices, or the work of a few minutes that nobody meant. */
  items: fixedWindow({ limit: ITEMS_A_DAY, window: '1d', onUnavailable: 'local' }),
  /** Questions of one user to the coach. They cost money, so without the store there are none. */
  chat: fixedWindow<{ tier: Tier }>({ limit: ({ tier }) => CHAT_LIMITS[tier], window: '1d', onUnavailable: 'closed' }),
}

/** Builds the limiter; identities stand in keys only as an HMAC under `keySecret`. */
export function createApiLimiter(options: {
  store: LimitStore
  keySecret: string
  policies?: typeof POLICIES
  /** How long a decision may wait for the store; default 100 ms. */
  deadline?: Duration | undefined
}) {
  const { policies = POLICIES, ...rest } = options
  return createLimiter({ ...rest, namespace: 'cloud-brain', policies })
}

export type ApiLimiter = ReturnType<typeof createApiLimiter>
