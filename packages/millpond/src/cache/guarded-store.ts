import { type CallPolicy, chain } from '../resilience/call.ts'
import type { CacheStore } from './cache-store.ts'
import { mergeReads } from './merge-reads.ts'

/**
 * The store with every call under a policy (a deadline, a breaker), and the reads of a tick merged into one call. What a server that is full or read-only refuses, while it answers reads, is under a breaker of its own as
 * well; not what only deletes, which a full one does.
 */
export function guardStore(store: CacheStore, policy: CallPolicy, newBreaker: () => CallPolicy): CacheStore {
  const write = chain(newBreaker(), policy)
  const scan: CacheStore['scan'] = (match, cursor) => policy('scan', async () => store.scan?.(match, cursor) ?? END)
  const read: CacheStore['read'] = (keys) => policy('read', () => store.read(keys))
  return {
    read: store.mergeReads?.(read, newBreaker) ?? mergeReads(store, read),
    lease: (request) => write('lease', () => store.lease(request)),
    fill: (request) => write('fill', () => store.fill(request)),
    release: (lease, token) => policy('release', () => store.release(lease, token)),
    versions: (tags, nonce, ttlMs) => write('versions', () => store.versions(tags, nonce, ttlMs)),
    renew: (tags, nonce, ttlMs) => write('renew', () => store.renew(tags, nonce, ttlMs)),
    ...(store.scan && { scan }),
    remove: (keys) => policy('remove', () => store.remove(keys)),
  }
}

const END = { keys: [], cursor: '0' }
