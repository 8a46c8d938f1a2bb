import type { StoreKey } from '../key.ts'
import type { CallPolicy } from '../resilience/call.ts'

/** What a miss asks for before it may load: the right to fill the slot, and the versions of the tags as they are now. */
export interface LeaseRequest {
  readonly entry: StoreKey
  /** How the entry's text began at the caller's last look, empty when it was absent: another text means that somebody has filled it since. Undefined: whatever is there. */
  readonly seen: string | undefined
  readonly lease: StoreKey
  /** A nonce of the caller; the slot can be filled only while the lease still holds it. */
  readonly token: string
  readonly leaseMs: number
  readonly tags: readonly StoreKey[]
  /** The version that a tag without one gets. */
  readonly nonce: string
  readonly tagTtlMs: number
  /** Takes the lease over from a holder that outlived its time. */
  readonly takeOver: boolean
}

/** Granted with the versions of `tags`, in their order; held by somebody else, for `leftMs` more at most (Infinity where that is not known); or refused because the entry is no longer the one that was seen. */
export type LeaseGrant =
  | { readonly kind: 'granted'; readonly versions: readonly string[] }
  | { readonly kind: 'held'; readonly leftMs: number }
  | { readonly kind: 'changed' }

export interface FillRequest {
  readonly entry: StoreKey
  readonly lease: StoreKey
  readonly token: string
  readonly text: string
  readonly ttlMs: number
}

/** What the cache asks of a store. Each method is one round trip and atomic as said; all reject when the store does not answer. */
export interface CacheStore {
  /** The values of the keys in their order, null for one that is absent or not a string. One command (on a cluster one for each slot). */
  read(keys: readonly StoreKey[]): Promise<(string | null)[]>
  /**
   * Calls `run` at the end of this tick, just before what the tick asks of the store leaves: the cache then reads with one call what the tick's reads need. Absent: each read is
   * a call of its own.
   */
  atTickEnd?(run: () => void): void
  /** Whether a call leaves when it is made, and not at the end of the tick: then the server can work on half of what a tick reads while the other half is asked for. */
  readonly sendsAtOnce?: boolean | undefined
  /**
   * Merges the reads of a tick in the store's own way, where one call would let what fails for some keys fail for all: each call of `read` is an attempt of its own. `createBreaker` makes one for the reads of
   * each of its servers: one that is away must not be waited for because the others answer. Absent: one call for a tick.
   */
  mergeReads?(read: CacheStore['read'], createBreaker: () => CallPolicy): CacheStore['read']
  /** Takes the lease if it is free and the entry is as it was seen, reads the tags' versions and creates those that are missing, prolonging all; atomic. */
  lease(request: LeaseRequest): Promise<LeaseGrant>
  /** Writes the entry and drops the lease if the lease still holds the token; otherwise changes nothing and gives false, as a store in memory does for an entry that it has no room for. Atomic. */
  fill(request: FillRequest): Promise<boolean>
  /** Drops the lease if it holds the token. Atomic. */
  release(lease: StoreKey, token: string): Promise<void>
  /** The versions of the tags, of which it creates those that are missing and prolongs all. The last is read after the others. */
  versions(tags: readonly StoreKey[], nonce: string, ttlMs: number): Promise<readonly string[]>
  /** Gives every tag the version `nonce`, the first before the others. Resolves when all have it. */
  renew(tags: readonly StoreKey[], nonce: string, ttlMs: number): Promise<void>
  /**
   * Some of the keys that match a glob of `*` and `?`, and where to go on; begins and ends with `'0'`. Repeated to the end it gives every key that was there all the while, perhaps twice.
   * Costs as much as there are keys in the database. Absent: the store cannot list them.
   */
  scan?(match: string, cursor: string): Promise<{ readonly keys: readonly StoreKey[]; readonly cursor: string }>
  /** Removes the keys. One command. */
  remove(keys: readonly StoreKey[]): Promise<void>
}
