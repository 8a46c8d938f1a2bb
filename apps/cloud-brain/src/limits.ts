import { createLimiter, type LimitStore, slidingWindow } from 'millpond'

/** Every request limit of the API. `local`: while the store is away each process counts on its own. */
export const POLICIES = {
  /** Requests of one signed-in user. */
  user: slidingWindow({ limit: 120, window: '60s', onUnavailable: 'local' }),
  /** Requests from one address, whoever sends them: an office behind one address has several users. */
  address: slidingWindow({ limit: 600, window: '60s', onUnavailable: 'local' }),
  /** All requests whose address cannot be told. */
  'unknown-address': slidingWindow({ limit: 60, window: '60s', onUnavailable: 'local' }),
}

/** Builds the limiter; identities stand in keys only as an HMAC under `keySecret`. */
export function createApiLimiter(options: { store: LimitStore; keySecret: string; policies?: typeof POLICIES }) {
  const { store, keySecret, policies = POLICIES } = options
  return createLimiter({ store, namespace: 'cloud-brain', keySecret, policies })
}

export type ApiLimiter = ReturnType<typeof createApiLimiter>
