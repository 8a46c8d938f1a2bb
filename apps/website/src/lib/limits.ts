import { createLimiter, type Decision, type LimitCounters, slidingWindow } from 'millpond'
import type { Store } from './store.ts'

/** Every limit of the site, per address except where it says otherwise. */
const policies = {
  /** All of /api. */
  global: slidingWindow({ limit: 60, window: '60s', onUnavailable: 'open' }),
  general: slidingWindow({ limit: 30, window: '60s', onUnavailable: 'open' }),
  waitlist: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'local' }),
  contact: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'local' }),
  /** Receipts to one recipient, whoever causes them. */
  contactReceipt: slidingWindow({ limit: 3, window: '1h', onUnavailable: 'local' }),
  admin: slidingWindow({ limit: 10, window: '60s', onUnavailable: 'local' }),
  /** All visitors together whose address cannot be told, instead of every other policy. */
  unknown: slidingWindow({ limit: 20, window: '60s', onUnavailable: 'local' }),
}

export type PolicyName = keyof typeof policies

/** One limit by its short form: `limits.waitlist.limit(address)` takes one permit and never throws for an outage. */
export interface Limit {
  limit(id: string): Promise<Decision>
}

export interface LimitTake {
  readonly policy: PolicyName
  readonly key: string
}

export type Limits = Readonly<Record<PolicyName, Limit>> & {
  /** Takes from several, all or nothing. */
  take(takes: readonly LimitTake[]): Promise<Decision>
  /** Takes since the start by policy and outcome. */
  counters(): Readonly<Record<PolicyName, Readonly<LimitCounters>>>
  /** Proves on the store that a limit refuses; see `Limiter.selfTest`. */
  selfTest(): Promise<{ readonly ok: boolean }>
  /** Resolves when the store has what it is owed; see `Limiter.close`. */
  close(): Promise<void>
}

/** `keySecret` turns addresses into HMACs before they reach the store. */
export function createLimits(options: { store: Store; keySecret: string }): Limits {
  const limiter = createLimiter({ ...options, namespace: 'website', policies })
  const of = (policy: PolicyName): Limit => ({ limit: (id) => limiter.limit(policy, id) })
  return {
    global: of('global'),
    general: of('general'),
    waitlist: of('waitlist'),
    contact: of('contact'),
    contactReceipt: of('contactReceipt'),
    admin: of('admin'),
    unknown: of('unknown'),
    take: (takes) => limiter.take(takes),
    counters: () => limiter.counters(),
    selfTest: () => limiter.selfTest(),
    close: () => limiter.close(),
  }
}
