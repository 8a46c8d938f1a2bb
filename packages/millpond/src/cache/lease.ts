import { createNonce } from '../key.ts'
import { type Clock, sleep } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import { type Found, look } from './look.ts'
import type { Flight } from './single-flight.ts'
import type { Spec } from './spec.ts'

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 250

/** How the wait for the right to load ended: with the right, with somebody else's fill, or without an answer from the store. */
export type Claim<Value> =
  | { readonly kind: 'granted'; readonly token: string; readonly versions: readonly string[] }
  | { readonly kind: 'filled'; readonly found: Found<Value> }
  | { readonly kind: 'failed'; readonly error: unknown }

/** What a claim needs of its cache. */
export interface LeaseSettings {
  readonly store: CacheStore
  readonly clock: Clock
  readonly random: () => number
  readonly leaseMs: number
  readonly tagTtlMs: () => number
  /** Marks the moment an observation begins. */
  readonly mark: () => number
  /** Called when the claim had to wait, with how long. */
  readonly onWait: (ms: number) => void
}

/**
 * Takes the lease of a slot, or waits for its holder with back-off from 10 to 250 ms (halved at random) and takes what it fills. A holder that dies delays this by at
 * most the lease TTL. Never throws.
 */
export async function claim<Value>(
  settings: LeaseSettings,
  spec: Spec<Value>,
  flight: Flight<unknown>,
): Promise<Claim<Value>> {
  const { clock, leaseMs } = settings
  const token = createNonce()
  const beganAt = clock.now()
  let waited = false
  let pauseMs = FIRST_PAUSE_MS
  let seen: { token: string | null; at: number } | undefined
  const done = (result: Claim<Value>) => {
    if (waited) settings.onWait(clock.now() - beganAt)
    return result
  }
  for (;;) {
    // A lease that never changes hands nor expires is not one of ours (wrong type, no TTL): it must not hold us for ever.
    const takeOver = seen !== undefined && clock.now() - seen.at > leaseMs
    const grant = await attempt(settings, spec, token, takeOver)
    if (grant.kind !== 'held') return done(grant)
    waited = true
    for (;;) {
      flight.observedAt = undefined
      await sleep(clock, pauseMs * (0.5 + settings.random() / 2))
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      flight.observedAt = settings.mark()
      const found = await look(settings, spec, { lease: true })
      if (found.kind === 'found') return done({ kind: 'filled', found })
      if (found.kind === 'failed') return done(found)
      if (seen === undefined || seen.token !== found.lease) seen = { token: found.lease, at: clock.now() }
      if (found.lease === null || clock.now() - seen.at > leaseMs) break
    }
    flight.observedAt = undefined
  }
}

/** Asks for the lease once. Never throws. */
export async function attempt(
  settings: Pick<LeaseSettings, 'store' | 'leaseMs' | 'tagTtlMs'>,
  spec: Spec<unknown>,
  token: string,
  takeOver: boolean,
): Promise<Claim<never> | { readonly kind: 'held' }> {
  const { lease, tags } = spec.slot
  try {
    const grant = await settings.store.lease({
      lease,
      token,
      leaseMs: settings.leaseMs,
      tags,
      nonce: createNonce(),
      tagTtlMs: settings.tagTtlMs(),
      takeOver,
    })
    return grant.granted ? { kind: 'granted', token, versions: grant.versions } : { kind: 'held' }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
