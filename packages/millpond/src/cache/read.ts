import type { Clock } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import { toText } from './entry.ts'
import type { CacheReporter, ReadReason, ReadStatus } from './event.ts'
import { claim, type LeaseSettings } from './lease.ts'
import { look } from './look.ts'
import { createFlights, type Flight, isConfirmed, isJoinable } from './single-flight.ts'
import { decode, encode, type Spec } from './spec.ts'
import type { Undelivered } from './undelivered.ts'

/** An answered read. */
export interface CacheResult<Value> {
  readonly value: Value
  /** The encoded value: the same text for a hit and for the miss that filled it. */
  readonly body: string
  readonly status: ReadStatus
  readonly reason: ReadReason
  /** Milliseconds since the value was loaded; 0 for a fresh load. */
  readonly ageMs: number
  /** Milliseconds for which the entry is still fresh; 0 when nothing was stored. */
  readonly ttlMs: number
}

/** An answer on its way: the text only, so that every reader decodes a value of its own. */
interface Answer {
  readonly body: string
  readonly status: ReadStatus
  readonly reason: ReadReason
  readonly storedAt: number
  readonly ttlMs: number
}

/** What the read path needs. */
export interface ReaderSettings {
  readonly store: CacheStore
  readonly clock: Clock
  readonly undelivered: Undelivered
  readonly report: CacheReporter
  readonly leaseMs: number
  readonly tagTtlMs: () => number
  readonly signal: AbortSignal
  /** True when there is nothing to ask: each read goes to its loader. */
  readonly disabled: boolean
}

/** Reads through the cache. */
export type Reader = <Value>(spec: Spec<Value>) => Promise<CacheResult<Value>>

const JITTER = 0.1

/**
 * Creates the read path. A hit is one round trip and one command; a miss adds the lease and the fill. Whatever the store does, a read whose loader works is answered.
 */
export function createReader(settings: ReaderSettings): Reader {
  const { store, clock, undelivered, report } = settings
  const flights = createFlights<Answer>()
  const leases = (name: string): LeaseSettings => ({
    ...settings,
    mark: flights.mark,
    onWait: (ms) => report({ type: 'wait', name, ms }),
  })

  async function find<Value>(
    spec: Spec<Value>,
  ): Promise<{ answer: Answer; joined: boolean; decoded?: { value: Value } }> {
    const since = flights.mark()
    const alone = settings.disabled ? 'disabled' : undelivered.covers(spec.slot) ? 'invalidation-pending' : undefined
    const before = flights.get(spec.slot.entry)
    if (before && isJoinable(before, since) && (!alone || before.alone))
      return { answer: await before.result, joined: true }
    if (alone) return begin(spec, true, (flight) => loadAlone(spec, flight, alone))

    const found = await look(store, clock, spec, { lease: before !== undefined })
    if (found.kind === 'hit') {
      const { body, storedAt, ttlMs } = found.entry
      return { answer: { body, storedAt, ttlMs, status: 'hit', reason: 'fresh' }, joined: false, decoded: found }
    }
    const now = flights.get(spec.slot.entry)
    const confirmed =
      found.kind === 'miss' && now !== undefined && now === before && isConfirmed(now, found.lease, found.versions)
    if (now && (confirmed || isJoinable(now, since))) return { answer: await now.result, joined: true }
    if (found.kind === 'failed') {
      report({ type: 'store-error', operation: 'read', error: found.error })
      return begin(spec, true, (flight) => loadAlone(spec, flight, 'store-failed'))
    }
    return begin(spec, false, (flight) => loadUnderLease(spec, flight, found.reason))
  }

  async function begin(spec: Spec<unknown>, alone: boolean, run: (flight: Flight<Answer>) => Promise<Answer>) {
    return { answer: await flights.begin(spec.slot.entry, alone, run).result, joined: false }
  }

  async function loadUnderLease(spec: Spec<unknown>, flight: Flight<Answer>, reason: ReadReason): Promise<Answer> {
    const claimed = await claim(leases(spec.name), spec, flight)
    switch (claimed.kind) {
      case 'filled': {
        const { body, storedAt, ttlMs } = claimed.look.entry
        return { body, storedAt, ttlMs, status: 'hit', reason: 'fresh' }
      }
      case 'failed':
        report({ type: 'store-error', operation: 'lease', error: claimed.error })
        return loadAlone(spec, flight, 'store-failed')
      case 'granted':
        flight.held = claimed
        return loadAndFill(spec, flight, claimed, reason)
      default:
        return claimed satisfies never
    }
  }

  async function loadAndFill(
    spec: Spec<unknown>,
    flight: Flight<Answer>,
    held: { readonly token: string; readonly versions: readonly string[] },
    reason: ReadReason,
  ): Promise<Answer> {
    const { entry, lease } = spec.slot
    const loaded = await load(spec, flight).catch((error: unknown) => {
      void store.release(lease, held.token).catch(() => undelivered.addSlot(spec.slot))
      throw error
    })
    const storedAt = clock.now()
    const ttlMs = Math.max(1, Math.round(spec.ttlMs * (1 - JITTER * Math.random())))
    const { schemaVersion } = spec
    const text = toText({
      schemaVersion,
      storedAt,
      ttlMs,
      loadMs: loaded.loadMs,
      versions: held.versions,
      body: loaded.body,
    })
    const stored = await store.fill({ entry, lease, token: held.token, text, ttlMs }).catch((error: unknown) => {
      report({ type: 'store-error', operation: 'fill', error })
      // It may have run or not; left alone, our lease would keep everybody waiting for its TTL.
      undelivered.addSlot(spec.slot)
      return false
    })
    report({ type: 'fill', name: spec.name, stored, bytes: text.length })
    return { body: loaded.body, storedAt, ttlMs: stored ? ttlMs : 0, status: 'miss', reason }
  }

  async function loadAlone(spec: Spec<unknown>, flight: Flight<Answer>, reason: ReadReason): Promise<Answer> {
    // Reads of the same moment come together first.
    await null
    const { body } = await load(spec, flight)
    return { body, storedAt: clock.now(), ttlMs: 0, status: 'bypass', reason }
  }

  async function load(spec: Spec<unknown>, flight: Flight<Answer>): Promise<{ body: string; loadMs: number }> {
    flight.observedAt = flights.mark()
    const startedAt = clock.now()
    let ok = false
    try {
      const body = encode(spec.name, await spec.load({ signal: settings.signal }))
      await decode(spec, body)
      ok = true
      return { body, loadMs: clock.now() - startedAt }
    } finally {
      report({ type: 'load', name: spec.name, ms: clock.now() - startedAt, ok })
    }
  }

  return async (spec) => {
    const found = await find(spec)
    const { body, status, reason, storedAt, ttlMs } = found.answer
    report({ type: 'read', name: spec.name, status, reason, joined: found.joined })
    const { value } = found.decoded ?? (await decode(spec, body))
    const ageMs = Math.max(0, clock.now() - storedAt)
    return { value, body, status, reason, ageMs, ttlMs: Math.max(0, ttlMs - ageMs) }
  }
}
