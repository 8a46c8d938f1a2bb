import { StoreReplyError, StoreUnavailableError } from '../errors.ts'
import { type Clock, sleep, systemClock } from '../time/clock.ts'

/**
 * What befalls one call. `none`: nothing. `delay`: it reaches the store after `ms` milliseconds. `error`: it does not reach the store and rejects with StoreUnavailableError.
 * `hang`: it does not reach the store and is never answered. `half reply`: the store carries it out, but texts in its reply are cut in half, and a reply without texts becomes a
 * StoreReplyError. `lost reply`: the store carries it out, and the caller gets StoreUnavailableError.
 */
export type Mishap =
  | { readonly kind: 'none' | 'error' | 'hang' | 'half reply' | 'lost reply' }
  | { readonly kind: 'delay'; readonly ms: number }

/** The share of calls, from 0 to 1, that each mishap befalls; together at most 1. */
export type MishapShares = { readonly [kind in Exclude<Mishap['kind'], 'none'>]?: number }

export interface ChaosOptions {
  /** What befalls the calls, one after the other; when it is used up, nothing more does. */
  readonly script?: readonly Mishap[]
  /** Without a script: how often what befalls calls, at random from `seed`. */
  readonly shares?: MishapShares
  /** The same seed and the same calls give the same mishaps; an integer, default 1. */
  readonly seed?: number
  /** The longest delay of a random one, in milliseconds; default 50. Each is a whole number from 1 to it. */
  readonly maxDelayMs?: number
  /** For delays; default the machine's. */
  readonly clock?: Clock
}

/** A call that was made, and what befell it. */
export interface ChaosCall {
  readonly method: string
  readonly mishap: Mishap
}

/** What the test holds beside the store. */
export interface Chaos<Store> {
  readonly store: Store
  /** Every call so far. */
  readonly calls: readonly ChaosCall[]
  /** From now on nothing befalls calls any more. */
  calm(): void
}

/** What is not a call to a server. */
const NO_CALLS: ReadonlySet<string> = new Set(['atTickEnd', 'close'])

/**
 * Puts mishaps between a cache or a limiter and its store, the same ones in every run: what your code does when the store is slow, away, or answers with half of it. Works on any
 * object whose methods give promises.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { createChaos } from 'millpond/testing'
 *
 * const { store, calls } = createChaos(memory(), { seed: 7, shares: { error: 0.2, 'lost reply': 0.2 } })
 * const cache = createCache({ store, namespace: 'test' })
 * const stats = cache.define({ name: 'stats', ttl: '5m', load: async () => 42 })
 * console.log((await stats.get()).value, calls.length > 0) // 42 true
 * ```
 *
 * @throws {RangeError} when a share is not from 0 to 1, or all together are above 1
 */
export function createChaos<Store extends object>(store: Store, options: ChaosOptions = {}): Chaos<Store> {
  const { clock = systemClock } = options
  const calls: ChaosCall[] = []
  const next = options.script ? createScript(options.script) : createDice(options)
  let isCalm = false

  const wrapped = new Proxy(store, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property)
      if (typeof method !== 'function' || typeof property === 'symbol') return method
      const call = (...args: unknown[]): unknown => Reflect.apply(method, target, args)
      if (NO_CALLS.has(property)) return call
      return async (...args: unknown[]) => {
        const mishap: Mishap = isCalm ? { kind: 'none' } : next()
        calls.push({ method: property, mishap })
        return suffer(property, mishap, clock, async () => call(...args))
      }
    },
  })

  return {
    store: wrapped,
    calls,
    calm() {
      isCalm = true
    },
  }
}

async function suffer(method: string, mishap: Mishap, clock: Clock, call: () => Promise<unknown>): Promise<unknown> {
  switch (mishap.kind) {
    case 'none':
      return call()
    case 'delay':
      await sleep(clock, mishap.ms)
      return call()
    case 'error':
      throw new StoreUnavailableError(`Cannot ${method}: the connection failed (chaos)`)
    case 'hang':
      return new Promise(() => {})
    case 'half reply':
      return toHalf(method, await call())
    case 'lost reply':
      await call()
      throw new StoreUnavailableError(`Cannot ${method}: the connection failed (chaos, after it ran)`)
    default:
      return mishap satisfies never
  }
}

function toHalf(method: string, reply: unknown): unknown {
  if (typeof reply === 'string') return reply.slice(0, Math.floor(reply.length / 2))
  if (Array.isArray(reply) && reply.every((item) => typeof item === 'string' || item === null)) {
    return reply.map((item) => (item === null ? null : toHalf(method, item)))
  }
  throw new StoreReplyError(`Cannot ${method}: the store must answer in full (chaos)`)
}

function createScript(script: readonly Mishap[]): () => Mishap {
  let used = 0
  return () => {
    used += 1
    return script[used - 1] ?? { kind: 'none' }
  }
}

function createDice({ shares = {}, seed = 1, maxDelayMs = 50 }: ChaosOptions): () => Mishap {
  const random = createRandom(seed)
  const given = Object.entries(shares) as [Exclude<Mishap['kind'], 'none'>, number][]
  for (const [kind, share] of given) {
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(`Cannot create chaos: share "${kind}" must be from 0 to 1, received ${String(share)}`)
    }
  }
  const total = given.reduce((sum, [, share]) => sum + share, 0)
  if (total > 1 + 1e-9)
    throw new RangeError(`Cannot create chaos: shares must be at most 1 together, received ${total}`)
  return () => {
    let rest = random()
    for (const [kind, share] of given) {
      rest -= share
      if (rest < 0) return kind === 'delay' ? { kind, ms: 1 + Math.floor(random() * maxDelayMs) } : { kind }
    }
    return { kind: 'none' }
  }
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
