import { BreakerOpenError } from '../errors.ts'
import { createNonce, type StoreKey } from '../key.ts'
import { type Clock, instantOf, sleep } from '../time/clock.ts'
import type { CacheStore, LeaseGrant } from './cache-store.ts'
import { type Found, look } from './look.ts'
import type { Flight } from './single-flight.ts'
import type { Spec } from './spec.ts'
import type { Undelivered } from './undelivered.ts'
import type { Seal } from './unsealed.ts'

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 250

/** The lease under which a load runs, and the versions read with it. */
export interface Held {
  readonly token: string
  /** Of the slot's tags and, where the value names tags, the epoch. */
  readonly versions: readonly string[]
  /** Of the tags that the value may be expected to name. */
  readonly hinted: ReadonlyMap<StoreKey, string>
}

/** How the wait for the right to load ended: with the right, with somebody else's fill, or without an answer from the store. */
export type Claim<Value> =
  | ({ readonly kind: 'granted' } & Held)
  | { readonly kind: 'filled'; readonly found: Found<Value> }
  | { readonly kind: 'failed'; readonly error: unknown }

/** What a claim needs of its cache. */
export interface LeaseSettings {
  readonly store: CacheStore
  readonly clock: Clock
  readonly random: () => number
  readonly seal: Seal
  readonly undelivered: Pick<Undelivered, 'addLease'>
  readonly leaseMs: number
  readonly tagTtlMs: () => number
  /** Marks the moment an observation begins. */
  readonly mark: () => number
  /** Called when the claim had to wait, with how long. */
  readonly onWait: (ms: number) => void
}

/** After how many claims in a row that found the entry changed it is claimed whatever it is: an entry that looks changed each time is not one of ours. */
const MOST_CHANGES = 3

/**
 * Takes the lease of a slot whose entry was `seen`, or waits for its holder with back-off from 10 to 250 ms (up to halved at random) and takes what it fills. A holder that dies
 * delays this by what is left of its lease. Never throws.
 */
export async function claim<Value>(
  settings: LeaseSettings,
  spec: Spec<Value>,
  flight: Flight<unknown>,
  seen: string | undefined,
): Promise<Claim<Value>> {
  const { clock, leaseMs } = settings
  const token = createNonce()
  const beganAt = instantOf(clock)
  const wait = createBackOff(settings)
  let entrySeen = seen
  let changes = 0
  let holder: { token: string | null; since: number } | undefined
  const done = (result: Claim<Value>) => {
    if (wait.count() > 0) settings.onWait(instantOf(clock) - beganAt)
    return result
  }
  for (;;) {
    // A lease that never changes hands nor expires is not one of ours (wrong type, no TTL): it must not hold us for ever.
    const takeOver = holder !== undefined && instantOf(clock) - holder.since > leaseMs
    const grant = await attempt(settings, spec, {
      token,
      takeOver,
      seen: changes < MOST_CHANGES ? entrySeen : undefined,
    })
    if (grant.kind === 'granted' || grant.kind === 'failed') return done(grant)
    changes = grant.kind === 'changed' ? changes + 1 : 0
    const freeAt = grant.kind === 'held' ? instantOf(clock) + grant.leftMs : 0
    do {
      if (grant.kind === 'held') {
        flight.observedAt = undefined
        await wait.next(freeAt)
      }
      flight.observedAt = settings.mark()
      const found = await look(settings, spec, { lease: true })
      if (found.kind === 'found') return done({ kind: 'filled', found })
      if (found.kind === 'failed') return done(found)
      entrySeen = found.seen
      if (holder?.token !== found.lease) holder = { token: found.lease, since: instantOf(clock) }
    } while (grant.kind === 'held' && holder.token !== null && instantOf(clock) - holder.since <= leaseMs)
    flight.observedAt = undefined
  }
}

/** Pauses from 10 to 250 ms, each about twice the one before, up to halved at random; and not past `freeAt`, the moment at which a holder that died gives way. */
function createBackOff({ clock, random }: Pick<LeaseSettings, 'clock' | 'random'>): {
  next(freeAt: number): Promise<void>
  count(): number
} {
  let pauseMs = FIRST_PAUSE_MS
  let pauses = 0
  return {
    async next(freeAt) {
      pauses += 1
      const ms = pauseMs * (0.5 + random() / 2)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      const leftMs = freeAt - instantOf(clock)
      await sleep(clock, leftMs > 0 ? Math.min(ms, leftMs) : ms)
    },
    count: () => pauses,
  }
}

/** Asks for the lease once; one that may have been granted without an answer is given back. Never throws. */
export async function attempt(
  settings: Pick<LeaseSettings, 'store' | 'undelivered' | 'leaseMs' | 'tagTtlMs'>,
  spec: Spec<unknown>,
  claimed: { readonly token: string; readonly takeOver: boolean; readonly seen: string | undefined },
): Promise<Claim<never> | Exclude<LeaseGrant, { kind: 'granted' }>> {
  const { entry, lease } = spec.slot
  const { leaseMs } = settings
  const fixed = spec.valueTags ? [...spec.slot.tags, spec.valueTags.epoch] : spec.slot.tags
  const hinted = spec.valueTags?.hinted() ?? []
  try {
    const grant = await settings.store.lease({
      ...claimed,
      entry,
      lease,
      leaseMs,
      tags: [...fixed, ...hinted],
      nonce: createNonce(),
      tagTtlMs: settings.tagTtlMs(),
    })
    if (grant.kind !== 'granted') return grant
    const { versions } = grant
    return {
      kind: 'granted',
      token: claimed.token,
      versions: versions.slice(0, fixed.length),
      hinted: new Map(hinted.map((tag, index) => [tag, versions[fixed.length + index] ?? ''])),
    }
  } catch (error) {
    // Left alone, it would keep everybody waiting for its TTL while nobody loads.
    if (!(error instanceof BreakerOpenError)) settings.undelivered.addLease(lease, claimed.token)
    return { kind: 'failed', error }
  }
}
