import type { CacheStore } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import { type Commands, runScript } from './commands.ts'
import { FILL, LEASE, RELEASE } from './lua/cache-scripts.ts'
import { createMergedRead } from './merge-reads.ts'

/** The cache's contract over Redis commands, however these travel. */
export function createRedisCache(commands: Commands): CacheStore {
  return {
    read: createMergedRead(commands),
    async lease({ lease, token, leaseMs, tags, nonce, tagTtlMs, takeOver }) {
      const reply = await runScript(
        commands,
        LEASE,
        [lease, ...tags],
        [token, leaseMs, nonce, tagTtlMs, takeOver ? 1 : 0],
      )
      if (!Array.isArray(reply)) throw new StoreReplyError('Cannot lease: the store must answer with a list')
      const [granted, ...versions] = reply.map(String)
      return granted === '1' && versions.length === tags.length ? { granted: true, versions } : { granted: false }
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
