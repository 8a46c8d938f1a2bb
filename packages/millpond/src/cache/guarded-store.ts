import type { CallPolicy } from '../resilience/call.ts'
import type { CacheStore } from './cache-store.ts'
import { mergeReads } from './merge-reads.ts'

/** The store with every call under a policy (a deadline, a breaker), and the reads of a tick merged into one call. */
export function guardStore(store: CacheStore, policy: CallPolicy): CacheStore {
  const scan: CacheStore['scan'] = (match, cursor) => policy('scan', async () => store.scan?.(match, cursor) ?? END)
  return {
    read: mergeReads(store, (keys) => policy('read', () => store.read(keys))),
    lease: (request) => policy('lease', () => store.lease(request)),
    fill: (request) => policy('fill', () => store.fill(request)),
    release: (lease, token) => policy('release', () => store.release(lease, token)),
    versions: (tags, nonce, ttlMs) => policy('versions', () => store.versions(tags, nonce, ttlMs)),
    renew: (tags, nonce, ttlMs) => policy('renew', () => store.renew(tags, nonce, ttlMs)),
    ...(store.scan && { scan }),
    remove: (keys) => policy('remove', () => store.remove(keys)),
  }
}

const END = { keys: [], cursor: '0' }
