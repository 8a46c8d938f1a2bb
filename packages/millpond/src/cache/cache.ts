import { createKeyring } from '../key.ts'
import { createBreaker } from '../resilience/breaker.ts'
import { chain } from '../resilience/call.ts'
import { createDeadline } from '../resilience/deadline.ts'
import { type Clock, systemClock, within } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import type { CacheStore } from './cache-store.ts'
import {
  type AnyDefineOptions,
  type ArgsOf,
  createDefinition,
  type DefineManyOptions,
  type DefineOptions,
  type Definition,
  LONGEST_TTL_MS,
  readDefineOptions,
} from './define.ts'
import { type CacheCounters, type CacheReporter, createCounter } from './event.ts'
import { toStoreTtl } from './freshness.ts'
import { guardStore } from './guarded-store.ts'
import { createInvalidator } from './invalidate.ts'
import type { Answer } from './load.ts'
import { createGate } from './load-gate.ts'
import { createLoadSignals } from './load-signals.ts'
import { createLocalTier } from './local-tier.ts'
import { createPlainCache, type PlainCache } from './plain.ts'
import type { Push } from './push.ts'
import { createReader } from './read.ts'
import type { Schema, SchemaInput, SchemaOutput } from './schema.ts'
import { type SelfTest, testCache } from './self-test.ts'
import { createFlights } from './single-flight.ts'
import { toTagKeys } from './slot.ts'
import { createUndelivered } from './undelivered.ts'
import { type Seal, unsealed } from './unsealed.ts'
import type { TagHints } from './value-tags.ts'

export interface CacheOptions {
  readonly store: CacheStore & { readonly kind: string }
  /** Separates this cache from others in one database: 1 to 64 letters, digits, `.`, `_`, `-`, the first a letter or a digit. */
  readonly namespace: string
  /** With a secret of at least 16 characters, inputs and tags stand in keys only as an HMAC-SHA-256. */
  readonly keySecret?: string | undefined
  /** Compresses or encrypts values; default neither. See `millpond/seal`. */
  readonly seal?: Seal | undefined
  /** How long one operation may wait for the store before the read goes to its loader, from 1 ms to 60 s; default 150 ms. */
  readonly deadline?: Duration | undefined
  /** How long one process may keep others from loading the same entry, from 1 ms to 10 min; default 10 s. Longer than the slowest usual load. */
  readonly lease?: Duration | undefined
  /** What the local tier of all definitions together may hold, estimated; default 16 MiB. */
  readonly localMaxBytes?: number | undefined
  /** Tells the local tier what changes in the store, so that it is less behind than `local` allows; default nothing does. See `millpond/tracking`. */
  readonly push?: Push | undefined
  /** How many loads may run at once while the store is away; the others wait their turn. A whole number from 1; default 32. */
  readonly loadsWithoutStore?: number | undefined
  /**
   * Is given work that others wait for, or that goes on after an answer (a load, a refresh, a lease to give back, an invalidation to deliver once more), for platforms that stop it when its request ends. Without it there,
   * a load that was stopped keeps the process's other reads of the entry waiting for up to twice `lease`.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
  readonly reporter?: CacheReporter | undefined
  /** Numbers from 0 to below 1 for jitter and refresh ahead; default Math.random. */
  readonly random?: (() => number) | undefined
  readonly clock?: Clock | undefined
}

export interface Cache extends PlainCache {
  /**
   * Defines a cached function.
   *
   * @throws {RangeError | TypeError} for an option that breaks its rule, or a name that is taken
   */
  define<Value, S extends Schema>(
    options: DefineOptions<Value, S, SchemaOutput<S>> & { readonly input: S },
  ): Definition<[input: SchemaInput<S>], Value>
  define<Value, S extends Schema>(options: DefineManyOptions<Value, S>): Definition<[input: SchemaInput<S>], Value>
  // The last one, since it is the one that a compiler holds a mistake against.
  define<Value, S extends Schema | undefined = undefined>(
    options: DefineOptions<Value, S>,
  ): Definition<ArgsOf<S>, Value>
  /**
   * Invalidates every entry that has one of the tags: once this has resolved as delivered, no read that begins later, in any process, returns a value whose load
   * began before. 1 round trip whatever the number of entries. Undelivered, it is retried until the store acknowledges it, and until then this process reads what
   * the tags concern past the cache. Never rejects for the store's sake.
   *
   * @throws {TypeError} when a tag is not a non-empty string
   */
  invalidate(tags: readonly string[]): Promise<{ readonly delivered: boolean }>
  /** Proves on the real store that an entry is stored, served and invalidated. About 10 round trips. */
  selfTest(): Promise<SelfTest>
  counters(): CacheCounters
  /**
   * Aborts the signals of loads and stops background work. Resolves within a few deadlines, when the loads that heed their signal have ended and what was undelivered has been tried once more: `delivered: false`
   * says that the store still lacks something. Close the client after that; before, other processes could wait for leases that are left behind, up to `lease` long. The store stays open, and reads are answered still. Never rejects.
   */
  close(): Promise<{ readonly delivered: boolean }>
}

const SHORTEST_TAG_TTL_MS = 3_600_000
/** Past its TTL an entry may be kept for as long again. */
const LONGEST_LIFE_MS = 2 * LONGEST_TTL_MS
const BREAKER = { failures: 5, cooldownMs: 1_000 } as const

/**
 * Creates a cache on a store.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 *
 * const cache = createCache({ store: memory(), namespace: 'shop' })
 * const price = cache.define({ name: 'price', ttl: '5m', tags: () => ['prices'], load: async () => 12 })
 *
 * console.log((await price.get()).status) // miss
 * console.log((await price.get()).status) // hit
 * await cache.invalidate(['prices'])
 * console.log((await price.get()).status) // miss
 * ```
 *
 * @throws {RangeError | TypeError} for an option that breaks its rule
 */
export function createCache(options: CacheOptions): Cache {
  const action = 'Cannot create cache'
  if (!options?.store?.read)
    throw new TypeError(`${action}: "store" must be a store, received ${typeof options?.store}`)
  const clock = options.clock ?? systemClock
  const keyring = createKeyring({ namespace: options.namespace, secret: options.keySecret, action })
  const deadlineMs = toMilliseconds(options.deadline ?? 150, { action, name: 'deadline', maxMs: 60_000 })
  const leaseMs = toMilliseconds(options.lease ?? '10s', { action, name: 'lease', maxMs: 600_000 })
  const breaker = { ...BREAKER, clock, onClose: () => undelivered.hurry() }
  const { counters, report, reportLocal, first } = createCounter(options.reporter)
  const deadline = createDeadline({ deadlineMs, clock })
  const policy = chain(createBreaker(breaker), (operation, call) => {
    counters.storeCalls += 1
    return deadline(operation, call)
  })
  // With an account of their own: each good read would otherwise forgive the refused writes before it, and every miss pay for two.
  const guarded = guardStore(options.store, policy, () => createBreaker(breaker))
  // Before its tags each invalidation renews the epoch, by which a load tells that a tag may have changed which it could not know beforehand.
  const renew: CacheStore['renew'] = (tags, nonce, ttlMs) => guarded.renew([keyring.epoch, ...tags], nonce, ttlMs)
  const store = { ...guarded, renew }
  const disabled = options.store.kind === 'disabled'
  const names = new Set<string>()
  const hints: TagHints = new Map()
  const signals = createLoadSignals()
  let longestTtlMs = 0
  // Longer than any entry that names the tag, so that a version does not vanish under a live entry. If it does, that entry is a miss.
  const tagTtlMs = () => Math.max(SHORTEST_TAG_TTL_MS, longestTtlMs * 2)
  function keepAlive(work: Promise<unknown>): void {
    try {
      options.waitUntil?.(work)
    } catch (error) {
      // It may be a hook that is there during a request only. The read has its answer all the same.
      report({ type: 'hook-error', operation: 'waitUntil', error })
    }
  }
  /** Loads, refreshes and leases on their way back. None rejects. */
  const works = new Set<Promise<unknown>>()
  function track(work: Promise<unknown>): void {
    works.add(work)
    void work.finally(() => works.delete(work))
    keepAlive(work)
  }
  async function endWorks(): Promise<void> {
    while (works.size > 0) await Promise.all(works)
  }
  const undelivered = createUndelivered({ store, clock, lifeMs: LONGEST_LIFE_MS, tagTtlMs, keepAlive })
  const flights = createFlights<Answer>(clock, 2 * leaseMs)
  const maxBytes = readCount(action, 'localMaxBytes', options.localMaxBytes ?? 16 * 2 ** 20)
  const tier = createLocalTier({ clock, maxBytes })
  const push = disabled ? undefined : options.push
  const pushed = push?.attach(tier, { prefixes: keyring.prefixes, mark: flights.mark, clock, report })
  const local = pushed?.local ?? tier
  const parts = {
    store,
    clock,
    random: options.random ?? Math.random,
    seal: options.seal ?? unsealed,
    keyring,
    local,
    undelivered,
    report,
    leaseMs,
    tagTtlMs,
    disabled,
  }
  const reader = createReader({
    ...parts,
    flights,
    reportLocal,
    signals,
    gate: createGate(readCount(action, 'loadsWithoutStore', options.loadsWithoutStore ?? 32), clock, leaseMs),
    keepAlive: track,
  })

  const invalidator = createInvalidator({ ...parts, mark: flights.mark })

  function define<Value>(given: AnyDefineOptions<Value>): Definition<readonly unknown[], Value> {
    const checked = readDefineOptions(given)
    if (names.has(checked.name))
      throw new RangeError(`Cannot define "${checked.name}": "name" must be unique in its cache`)
    names.add(checked.name)
    longestTtlMs = Math.max(longestTtlMs, toStoreTtl(checked.lifetime, checked.lifetime.ttlMs))
    return createDefinition(given, checked, { ...parts, hints, reader, remove: invalidator.slot })
  }

  async function invalidate(tags: readonly string[]) {
    const keys = await toTagKeys(keyring, 'Cannot invalidate', tags)
    if (keys.length === 0) return { delivered: true }
    return invalidator.tags(keys)
  }

  const plain = createPlainCache({
    ...parts,
    remove: invalidator.slot,
    tagTtlMs(ttlMs) {
      longestTtlMs = Math.max(longestTtlMs, ttlMs)
      return tagTtlMs()
    },
  })

  const cache: Cache = {
    ...plain,
    define: define as Cache['define'],
    invalidate,
    selfTest: () => testCache({ define: define as Cache['define'], invalidate, disabled, first }),
    counters: () => ({ ...counters }),
    async close() {
      signals.abort()
      pushed?.stop()
      await within(clock, deadlineMs, endWorks())
      return undelivered.close()
    },
  }
  return cache
}

function readCount(action: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new RangeError(`${action}: "${name}" must be an integer >= 1, received ${String(value)}`)
}
