import { LoadTimeoutError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import type { CacheStore } from './cache-store.ts'
import { toText } from './entry.ts'
import type { CacheReporter, ReadReason, ReadStatus } from './event.ts'
import { toJitteredTtl, toStoreTtl } from './freshness.ts'
import { claim, type Held } from './lease.ts'
import type { Gate } from './load-gate.ts'
import type { LoadSignals } from './load-signals.ts'
import type { Found } from './look.ts'
import type { Flight, Flights } from './single-flight.ts'
import { decode, type Spec } from './spec.ts'
import type { Undelivered } from './undelivered.ts'
import { close, type Seal } from './unsealed.ts'
import { nameVersions } from './value-tags.ts'

/** An answer on its way: the text only, so that every reader decodes a value of its own. */
export interface Answer {
  readonly body: string
  readonly status: ReadStatus
  readonly reason: ReadReason
  readonly storedAt: number
  readonly ttlMs: number
  /** For a load that was stored: when it began. */
  readonly observed?: { readonly at: number; readonly order: number }
  /** The tags that the value names. */
  readonly named: readonly StoreKey[]
}

/** The answer that an entry gives. */
export function toAnswer({ entry, named }: Found<unknown>, status: ReadStatus, reason: ReadReason): Answer {
  const { body, storedAt, ttlMs } = entry
  return { body, storedAt, ttlMs, status, reason, named }
}

/** What loading needs. */
export interface LoaderSettings {
  readonly store: CacheStore
  readonly clock: Clock
  /** A number from 0 to below 1. */
  readonly random: () => number
  readonly seal: Seal
  readonly undelivered: Undelivered
  readonly report: CacheReporter
  readonly leaseMs: number
  readonly tagTtlMs: () => number
  readonly signals: LoadSignals
  readonly flights: Flights<Answer>
  /** Bounds the loads that run while the store is away. */
  readonly gate: Gate
  /** Keeps the platform from stopping the work when the request that began it ends. */
  readonly keepAlive: (work: Promise<unknown>) => void
}

/** What a look found before a load: why it missed, and how the entry's text began. */
export interface Missed {
  readonly reason: ReadReason
  readonly seen: string | undefined
}

/** The ways to load. Each rejects with what the loader throws. */
export interface Loader {
  /** Takes the lease or waits for its holder; loads and fills. 2 round trips when nobody holds it. */
  underLease(spec: Spec<unknown>, flight: Flight<Answer>, missed: Missed): Promise<Answer>
  /** Loads and fills under a lease already taken. 1 round trip. */
  andFill(spec: Spec<unknown>, flight: Flight<Answer>, held: Held, reason: ReadReason): Promise<Answer>
  /** Loads without asking the store. */
  alone(spec: Spec<unknown>, flight: Flight<Answer>, reason: ReadReason): Promise<Answer>
}

/** Creates the ways to load. */
export function createLoader(settings: LoaderSettings): Loader {
  const { store, clock, random, undelivered, report, flights, gate, keepAlive } = settings

  async function underLease(spec: Spec<unknown>, flight: Flight<Answer>, missed: Missed): Promise<Answer> {
    const onWait = (ms: number) => report({ type: 'wait', name: spec.name, ms })
    const claimed = await claim({ ...settings, mark: flights.mark, onWait }, spec, flight, missed.seen)
    switch (claimed.kind) {
      case 'filled':
        return toAnswer(claimed.found, 'hit', 'fresh')
      case 'failed':
        report({ type: 'store-error', operation: 'lease', error: claimed.error })
        return alone(spec, flight, 'store-failed')
      case 'granted':
        return andFill(spec, flight, claimed, missed.reason)
      default:
        return claimed satisfies never
    }
  }

  async function andFill(spec: Spec<unknown>, flight: Flight<Answer>, held: Held, reason: ReadReason): Promise<Answer> {
    const { entry, lease } = spec.slot
    flight.held = held
    const { body, isNull, named, loadMs, observed } = await load(spec, flight).catch((error: unknown) => {
      release(spec, held)
      throw error
    })
    const storedAt = clock.now()
    const carried = await carry(spec, held, named)
    const sealed = carried === undefined ? undefined : await close(settings, body, entry)
    if (carried === undefined || sealed === undefined) {
      release(spec, held)
      report({ type: 'fill', name: spec.name, stored: false, bytes: 0 })
      return { body, named, storedAt, status: 'miss', reason, ttlMs: 0 }
    }
    const ttlMs = toJitteredTtl(spec.lifetime, isNull, random())
    const text = toText({
      schemaVersion: spec.schemaVersion,
      storedAt,
      ttlMs,
      loadMs,
      versions: held.versions.slice(0, spec.slot.tags.length),
      named: carried,
      body: sealed,
    })
    const fill = { entry, lease, token: held.token, text, ttlMs: toStoreTtl(spec.lifetime, ttlMs) }
    const stored = await store.fill(fill).catch((error: unknown) => {
      report({ type: 'store-error', operation: 'fill', error })
      // It may have run or not; left alone, our lease would keep everybody waiting for its TTL.
      undelivered.addLease(lease, held.token, entry)
      return false
    })
    report({ type: 'fill', name: spec.name, stored, bytes: text.length })
    return { body, named, storedAt, status: 'miss', reason, ...(stored ? { ttlMs, observed } : { ttlMs: 0 }) }
  }

  /** What the entry carries of the tags that its value names; undefined when it must not be stored. */
  async function carry(
    spec: Spec<unknown>,
    { versions, hinted }: Held,
    named: readonly StoreKey[],
  ): Promise<string | undefined> {
    if (!spec.valueTags) return ''
    const before = { epoch: versions[spec.slot.tags.length], hinted, tagTtlMs: settings.tagTtlMs() }
    return nameVersions(store, spec.valueTags, named, before).catch((error: unknown) => {
      report({ type: 'store-error', operation: 'versions', error })
      return undefined
    })
  }

  function release({ slot }: Spec<unknown>, { token }: Held): void {
    keepAlive(store.release(slot.lease, token).catch(() => undelivered.addLease(slot.lease, token, slot.entry)))
  }

  async function alone(spec: Spec<unknown>, flight: Flight<Answer>, reason: ReadReason): Promise<Answer> {
    const { body, named } = await gate(reason === 'store-failed', () => load(spec, flight))
    return { body, named, storedAt: clock.now(), ttlMs: 0, status: 'bypass', reason }
  }

  async function load(
    spec: Spec<unknown>,
    flight: Flight<Answer>,
  ): Promise<{
    body: string
    isNull: boolean
    named: readonly StoreKey[]
    loadMs: number
    observed: { at: number; order: number }
  }> {
    const startedAt = clock.now()
    const order = flights.mark()
    flight.observedAt = order
    let failed: { readonly error: unknown } | undefined
    try {
      const body = spec.encode(await withTimeout(spec, settings))
      const { value } = await decode(spec, body)
      const named = (await spec.valueTags?.of(value)) ?? []
      return {
        body,
        isNull: value === null,
        named,
        loadMs: clock.now() - startedAt,
        observed: { at: startedAt, order },
      }
    } catch (error) {
      failed = { error }
      throw error
    } finally {
      report({ type: 'load', name: spec.name, ms: clock.now() - startedAt, ok: !failed, ...failed })
    }
  }

  return { underLease, andFill, alone }
}

/** Runs the loader, and gives it up after the hard timeout. */
async function withTimeout(
  spec: Spec<unknown>,
  { clock, signals }: Pick<LoaderSettings, 'clock' | 'signals'>,
): Promise<unknown> {
  const { hardTimeoutMs } = spec
  const context = signals.begin()
  const loading = spec.load(context).finally(() => context.end())
  if (hardTimeoutMs === undefined) return loading
  return new Promise((resolve, reject) => {
    const cancel = clock.after(hardTimeoutMs, () => {
      const error = new LoadTimeoutError(spec.name, hardTimeoutMs)
      context.end(error)
      reject(error)
    })
    loading.then(resolve, reject).finally(cancel)
  })
}
