import { createLimiter, type Decision, slidingWindow } from 'millpond'
import type { Store } from './store.ts'

/** Every limit of the site. `global` is taken by the proxy for all of /api; the others by the route itself. */
const policies = {
  global: slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' }),
  general: slidingWindow({ limit: 30, window: '60s', onUnavailable: 'open' }),
  waitlist: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'local' }),
  contact: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'local' }),
}

export type PolicyName = keyof typeof policies

/** One limit by its short form: `limits.waitlist.limit(address)` takes one permit and never throws for an outage. */
export interface Limit {
  limit(id: string): Promise<Decision>
}

export type Limits = Readonly<Record<PolicyName, Limit>> & { close(): void }

/** `keySecret` turns addresses into HMACs before they reach the store. */
export function createLimits(options: { store: Store; keySecret: string }): Limits {
  const limiter = createLimiter({ ...options, namespace: 'website', policies })
  const of = (policy: PolicyName): Limit => ({ limit: (id) => limiter.limit(policy, id) })
  return {
    global: of('global'),
    general: of('general'),
    waitlist: of('waitlist'),
    contact: of('contact'),
    close: () => limiter.close(),
  }
}
