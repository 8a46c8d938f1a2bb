import type { Entry } from './entry.ts'

/** How long an entry may be served, beyond its own TTL. All in milliseconds. */
export interface Lifetime {
  readonly ttlMs: number
  /** The TTL of a value that is null. */
  readonly nullTtlMs: number
  /** After the TTL, how long a value is still served while it is loaded anew in the background. */
  readonly staleForMs: number
  /** After the TTL, how long a value is still served when loading anew fails or is slow. */
  readonly staleIfErrorMs: number
}

/**
 * What an entry is good for now: `fresh`; `early`, fresh but about to expire, so that one reader loads it anew ahead of time; `stale`, to be served while it is
 * loaded anew; `spare`, to be served only if loading fails; `expired`.
 */
export type Freshness = 'fresh' | 'early' | 'stale' | 'spare' | 'expired'

const JITTER = 0.1
/** −ln of the smallest number that `random` is taken for: so many load times before its expiry no draw is early. */
const FARTHEST_AHEAD = -Math.log(Number.MIN_VALUE)

/**
 * Judges an entry at `now`. `early` follows XFetch (Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015) with beta 1: a reader
 * loads ahead when now − loadMs · ln(random) reaches the expiry, so the longer the load and the more readers, the earlier one of them does.
 */
export function judgeFreshness(
  entry: Pick<Entry, 'storedAt' | 'ttlMs' | 'loadMs'>,
  lifetime: Lifetime,
  now: number,
  random: () => number,
): Freshness {
  const leftMs = entry.storedAt + entry.ttlMs - now
  if (leftMs > entry.loadMs * FARTHEST_AHEAD) return 'fresh'
  if (leftMs > 0) return -entry.loadMs * Math.log(Math.max(random(), Number.MIN_VALUE)) >= leftMs ? 'early' : 'fresh'
  if (-leftMs < lifetime.staleForMs) return 'stale'
  return -leftMs < lifetime.staleIfErrorMs ? 'spare' : 'expired'
}

/** The TTL of a value that is stored now: up to 10 % shorter at random, so that what is filled together does not expire together. */
export function toJitteredTtl(lifetime: Lifetime, isNull: boolean, random: number): number {
  const ttlMs = isNull ? lifetime.nullTtlMs : lifetime.ttlMs
  return Math.max(1, Math.round(ttlMs * (1 - JITTER * random)))
}

/** For how long the store must keep an entry whose own TTL is `ttlMs`. */
export function toStoreTtl(lifetime: Lifetime, ttlMs: number): number {
  return ttlMs + Math.max(lifetime.staleForMs, lifetime.staleIfErrorMs)
}
