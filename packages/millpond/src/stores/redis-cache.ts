import type { CacheStore } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import { type Commands, runScript } from './commands.ts'
import { FILL, LEASE, RELEASE } from './lua/cache-scripts.ts'
import { createMergedRead } from './merge-reads.ts'

/** The cache's contract over Redis commands, however these travel. */
export function createRedisCache(commands: Commands): CacheStore {
  return {
    read: createMergedRead(commands),
    async lease({ entry, seen, lease, token, leaseMs, tags, nonce, tagTtlMs, takeOver }) {
      const compare = seen === undefined ? ['', -1] : [seen, seen.length]
      const args = [token, leaseMs, nonce, tagTtlMs, takeOver ? 1 : 0, ...compare]
      const reply = await runScript(commands, LEASE, [entry, lease, ...tags], args)
      if (!Array.isArray(reply)) throw new StoreReplyError('Cannot lease: the store must answer with a list')
      const [verdict, ...versions] = reply.map(String)
      if (verdict === '2') return { kind: 'changed' }
      return verdict === '1' && versions.length === tags.length ? { kind: 'granted', versions } : { kind: 'held' }
    },
    async fill({ entry, lease, token, text, ttlMs }) {
      return (await runScript(commands, FILL, [entry, lease], [token, text, ttlMs])) === 1
    },
    async release(lease, token) {
      await runScript(commands, RELEASE, [lease], [token])
    },
    async renew(tags, nonce, ttlMs) {
      await Promise.all(tags.map((tag) => commands.send(['SET', tag, nonce, 'PX', ttlMs])))
    },
    async remove(keys) {
      await commands.send(['DEL', ...keys])
    },
  }
}
