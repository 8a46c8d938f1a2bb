import { type Awaitable, whenReady } from '../awaitable.ts'
import type { StoreKey } from '../key.ts'
import { within } from '../time/clock.ts'
import type { ReadReason, ReadStatus } from './event.ts'
import { freeze, isPrimitive } from './freeze.ts'
import { type Answer, createLoader, type LoaderSettings, toAnswer } from './load.ts'
import type { KeptEntry, LocalEntry, LocalTier } from './local-tier.ts'
import { type Found, type Look, look } from './look.ts'
import { createRefresh } from './refresh.ts'
import { type Flight, isConfirmed, isJoinable } from './single-flight.ts'
import type { Slot } from './slot.ts'
import { decode, type Spec } from './spec.ts'

/** An answered read. */
export interface CacheResult<Value> {
  readonly value: Value
  /** The encoded value: the same text for a hit and for the miss that filled it. */
  readonly body: string
  readonly status: ReadStatus
  readonly reason: ReadReason
  /** Milliseconds since the value was loaded; 0 for a fresh load. */
  readonly ageMs: number
  /** Milliseconds for which the entry is still fresh; 0 when nothing was stored or the value is stale. */
  readonly ttlMs: number
}

/** What the read path needs. */
export interface ReaderSettings extends LoaderSettings {
  readonly local: LocalTier
  readonly reportLocal: (name: string) => void
  /** True when there is nothing to ask: each read goes to its loader. */
  readonly disabled: boolean
}

/** A read that has looked and not loaded yet. */
export interface Peek<Value> {
  /** What the look found: a value, one past its TTL that may be served, or nothing that may be served without a load. */
  readonly status: 'hit' | 'stale' | 'nothing'
  /**
   * Ends the read as `get` would have ended it, without looking again: what was found, else what a load gives. The read began with the peek: an invalidation that came in between
   * need not be in its answer, so call it at once or not at all.
   */
  get(): Promise<CacheResult<Value>>
}

/** Reads through the cache. */
export interface Reader {
  read<Value>(spec: Spec<Value>): Promise<CacheResult<Value>>
  /** What the local tier keeps of an entry, for `serve`. */
  findKept(slot: Slot): KeptEntry | undefined
  /** Answers with what the local tier keeps, if that may still be served and be shared. */
  serve<Value>(name: string, kept: KeptEntry): Promise<CacheResult<Value>> | undefined
  /** Looks, and leaves loading to the peek's `get`; dropped, it has loaded, refreshed and counted nothing. */
  peek<Value>(spec: Spec<Value>): Promise<Peek<Value>>
}

/** What a read knows once it has asked the store, or found that it must not or need not. */
interface Looked<Value> {
  readonly observed: { readonly at: number; readonly order: number }
  /** What this process was loading when the read began. */
  readonly before: Flight<Answer> | undefined
  /** Undefined when the store was not asked. */
  readonly found: Look<Value> | undefined
  /** Why the store must not be asked. */
  readonly past: ReadReason | undefined
}

/** What a read came to: an answer, or a load to wait for, with a spare value where the look found one. */
type Step<Value> =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly decoded: Found<Value> }
  | {
      readonly kind: 'flight'
      readonly flight: Flight<Answer>
      readonly joined: boolean
      readonly spare: Found<Value> | undefined
    }

type Flown<Value> = Extract<Step<Value>, { kind: 'flight' }>

/**
 * Creates the read path. A hit is one round trip and one command; a miss adds the lease and the fill. Whatever the store does, a read whose loader works is answered.
 */
export function createReader(settings: ReaderSettings): Reader {
  const { clock, undelivered, report, reportLocal, flights, local } = settings
  const loader = createLoader(settings)
  const refresh = createRefresh(settings, loader)

  /** Asks the store where that is of use, and calls `next` with what is known then. */
  function lookUp<Value, Result>(
    spec: Spec<Value>,
    next: (looked: Looked<Value>) => Awaitable<Result>,
  ): Promise<Result> {
    const observed = { at: spec.localMs > 0 ? clock.now() : 0, order: flights.mark() }
    const past = settings.disabled ? 'disabled' : undelivered.covers(spec.slot) ? 'invalidation-pending' : undefined
    const before = flights.get(spec.slot.entry)
    if (past || (before && isJoinable(before, observed.order)))
      return Promise.resolve(next({ observed, before, past, found: undefined }))
    return look(settings, spec, { lease: before !== undefined }).then((found) =>
      next({ observed, before, past, found }),
    )
  }

  function proceed<Value>(spec: Spec<Value>, { observed, before, past, found }: Looked<Value>): Step<Value> {
    const { entry } = spec.slot
    const since = observed.order
    if (!found) {
      if (before && isJoinable(before, since) && (!past || before.alone)) return join(before)
      return start(entry, true, (flight) => loader.alone(spec, flight, past ?? 'store-failed'))
    }
    if (found.kind === 'found') {
      if (found.freshness !== 'fresh') refresh(spec, found.entry.head)
      if (spec.localMs > 0) keep(spec, found.entry, found.named, observed, found.value)
      const answer =
        found.freshness === 'stale' ? toAnswer(found, 'stale', 'revalidating') : toAnswer(found, 'hit', 'fresh')
      return { kind: 'answer', answer, decoded: found }
    }
    const spare = found.kind === 'miss' ? found.spare : undefined
    const now = flights.get(entry)
    const same = found.kind === 'miss' && now !== undefined && now === before
    if (now && (isJoinable(now, since) || (same && isConfirmed(now, found.lease, found.versions))))
      return join(now, spare)
    if (found.kind === 'miss') {
      const run = (flight: Flight<Answer>) => loader.underLease(spec, flight, found)
      // What this process is loading is out of date, but one loader for a key at a time: the new one follows it.
      if (now?.held) {
        const follow = (flight: Flight<Answer>) =>
          flights.wait(now).then(
            () => run(flight),
            () => run(flight),
          )
        return start(entry, false, follow, spare)
      }
      return start(entry, false, run, spare)
    }
    report({ type: 'store-error', operation: 'read', error: found.error })
    return start(entry, true, (flight) => loader.alone(spec, flight, 'store-failed'))
  }

  function keep(
    { slot, localMs, frozen }: Spec<unknown>,
    value: LocalEntry,
    named: readonly StoreKey[],
    observed: Looked<unknown>['observed'],
    decoded: unknown,
  ): void {
    const { body, storedAt, ttlMs } = value
    const shared = isPrimitive(decoded) || (frozen && freeze(decoded)) ? { value: decoded } : undefined
    const tagged = named.length > 0 ? { ...slot, tags: [...slot.tags, ...named] } : slot
    local.put(tagged, { body, storedAt, ttlMs, shared }, observed, localMs)
  }

  function join<Value>(flight: Flight<Answer>, spare?: Found<Value>): Step<Value> {
    return { kind: 'flight', flight, joined: true, spare }
  }

  function start<Value>(
    entry: Spec<Value>['slot']['entry'],
    alone: boolean,
    run: (flight: Flight<Answer>) => Promise<Answer>,
    spare?: Found<Value>,
  ): Step<Value> {
    const flight = flights.begin(entry, alone, run)
    settings.keepAlive(flight.result.catch(() => {}))
    return { kind: 'flight', flight, joined: false, spare }
  }

  /** Waits for the load; takes the spare when that fails, or takes longer than the soft timeout. Undefined when another's load takes too long to wait for it. */
  async function settle<Value>(
    spec: Spec<Value>,
    { flight, joined, spare: given }: Flown<Value>,
  ): Promise<Answer | Found<Value> | undefined> {
    try {
      const ending = joined ? flights.wait(flight) : flight.result
      const { softTimeoutMs } = spec
      return (await (given && softTimeoutMs !== undefined ? within(clock, softTimeoutMs, ending) : ending)) ?? given
    } catch (error) {
      const spare = given ?? (await findSpare(spec))
      if (spare) return spare
      throw error
    }
  }

  /** A read that joined without looking looks now: what it finds is observed after it began. */
  async function findSpare<Value>(spec: Spec<Value>): Promise<Found<Value> | undefined> {
    if (settings.disabled || spec.lifetime.staleIfErrorMs === 0 || undelivered.covers(spec.slot)) return undefined
    const found = await look(settings, spec, { lease: false })
    return found.kind === 'found' ? found : found.kind === 'miss' ? found.spare : undefined
  }

  /** Waits for a load and gives its value, or the spare. */
  async function land<Value>(spec: Spec<Value>, step: Flown<Value>): Promise<CacheResult<Value>> {
    const { flight, joined } = step
    let failed = false
    flight.result.catch(() => {
      failed = true
    })
    const settled = await settle(spec, step)
    if (!settled) return read(spec)
    if ('entry' in settled) {
      return finish(spec, toAnswer(settled, 'stale', failed ? 'load-failed' : 'load-slow'), joined, settled.value)
    }
    const { observed } = settled
    const { value } = await decode(spec, settled.body)
    if (observed && !joined && spec.localMs > 0) keep(spec, settled, settled.named, observed, value)
    return finish(spec, settled, joined, value)
  }

  function finish<Value>(spec: Spec<Value>, given: Answer, joined: boolean, value: Value): CacheResult<Value> {
    const { body, status, reason, storedAt, ttlMs } = given
    report({ type: 'read', name: spec.name, status, reason, joined })
    const ageMs = Math.max(0, clock.now() - storedAt)
    return { value, body, status, reason, ageMs, ttlMs: Math.max(0, ttlMs - ageMs) }
  }

  /** A value that this process may serve without asking the store. None is kept of what an invalidation of its own concerns, be that delivered or on its way. */
  function findLocal(spec: Spec<unknown>): KeptEntry | undefined {
    return spec.localMs > 0 ? local.get(spec.slot.entry) : undefined
  }

  function serveLocal<Value>(spec: Spec<Value>, kept: KeptEntry): Promise<CacheResult<Value>> {
    const served = serve<Value>(spec.name, kept)
    if (served) return served
    const ageMs = Math.max(0, local.ageOf(kept))
    const answer = ({ value }: { readonly value: Value }) => answerLocally(spec.name, kept, value, ageMs)
    return Promise.resolve(whenReady(decode(spec, kept.body), answer))
  }

  function serve<Value>(name: string, kept: KeptEntry): Promise<CacheResult<Value>> | undefined {
    if (!kept.isShared) return undefined
    const ageMs = local.ageOf(kept)
    return ageMs < 0 ? undefined : answerLocally(name, kept, kept.value as Value, ageMs)
  }

  function answerLocally<Value>(
    name: string,
    kept: KeptEntry,
    value: Value,
    ageMs: number,
  ): Promise<CacheResult<Value>> {
    reportLocal(name)
    const ttlMs = Math.max(0, kept.ttlMs - ageMs)
    // Resolved where the object is made: there the engine knows that it has no `then`, and need not look for one.
    return Promise.resolve({ value, body: kept.body, status: 'hit', reason: 'local', ageMs, ttlMs })
  }

  function end<Value>(spec: Spec<Value>, looked: Looked<Value>): Awaitable<CacheResult<Value>> {
    const step = proceed(spec, looked)
    return step.kind === 'answer' ? finish(spec, step.answer, false, step.decoded.value) : land(spec, step)
  }

  function read<Value>(spec: Spec<Value>): Promise<CacheResult<Value>> {
    const near = findLocal(spec)
    return near ? serveLocal(spec, near) : lookUp(spec, (looked) => end(spec, looked))
  }

  return {
    findKept: (slot) => local.get(slot.entry),
    serve,
    read,
    async peek(spec) {
      const near = findLocal(spec)
      if (near) return { status: 'hit', get: async () => serveLocal(spec, near) }
      return lookUp(spec, (looked) => ({ status: toPeekStatus(looked.found), get: async () => end(spec, looked) }))
    },
  }
}

function toPeekStatus(found: Look<unknown> | undefined): Peek<unknown>['status'] {
  if (found?.kind !== 'found') return 'nothing'
  return found.freshness === 'stale' ? 'stale' : 'hit'
}
