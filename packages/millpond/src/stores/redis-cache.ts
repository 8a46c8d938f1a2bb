import type { CacheStore } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { type Commands, runScript } from './commands.ts'
import { FILL, LEASE, RELEASE, VERSIONS } from './lua/cache-scripts.ts'

/** The cache's contract over Redis commands, however these travel, on one server. */
export function createRedisCache(commands: Commands): CacheStore {
  return {
    async read(keys) {
      const reply = await commands.send(['MGET', ...keys])
      if (Array.isArray(reply) && reply.length === keys.length) return reply.map(toText)
      throw new StoreReplyError('Cannot read: the store must answer MGET with one value for each key')
    },
    atTickEnd: commands.atTickEnd,
    sendsAtOnce: commands.sendsAtOnce,
    async lease({ entry, seen, lease, tags, token, leaseMs, nonce, tagTtlMs, takeOver }) {
      const compare = seen === undefined ? ['', -1] : [seen, seen.length]
      const args = [token, leaseMs, nonce, tagTtlMs, takeOver ? 1 : 0, ...compare]
      const reply = await runScript(commands, LEASE, [entry, lease, ...tags], args)
      if (!Array.isArray(reply)) throw new StoreReplyError('Cannot lease: the store must answer with a list')
      const [verdict, ...versions] = reply.map(String)
      if (verdict === '2') return { kind: 'changed' }
      if (verdict === '1' && versions.length === tags.length) return { kind: 'granted', versions }
      const leftMs = Number(versions[0])
      return { kind: 'held', leftMs: leftMs >= 0 ? leftMs : Number.POSITIVE_INFINITY }
    },
    async fill({ entry, lease, token, text, ttlMs }) {
      // Some clients are told to give whole numbers as text.
      return Number(await runScript(commands, FILL, [entry, lease], [token, text, ttlMs])) === 1
    },
    async release(lease, token) {
      await runScript(commands, RELEASE, [lease], [token])
    },
    async versions(tags, nonce, ttlMs) {
      if (tags.length === 0) return []
      const reply = await runScript(commands, VERSIONS, tags, [nonce, ttlMs])
      if (Array.isArray(reply) && reply.length === tags.length) return reply.map(String)
      throw new StoreReplyError('Cannot read versions: the store must answer with one for each tag')
    },
    async renew(tags, nonce, ttlMs) {
      // No script: it would be one command more, and that a server runs them in order is enough.
      await Promise.all(tags.map((tag, index) => commands.send(['SET', tag, nonce, 'PX', ttlMs], index > 0)))
    },
    scan: (match, cursor) => scanServer(commands, match, cursor),
    async remove(keys) {
      if (keys.length > 0) await commands.send(['DEL', ...keys])
    },
  }
}

/** How many keys a server looks at in one SCAN: well below a millisecond. */
const KEYS_PER_SCAN = 1_000

/** One step through the keys of one server. */
export async function scanServer(
  { send, keyPrefix = '' }: Pick<Commands, 'send' | 'keyPrefix'>,
  match: string,
  cursor: string,
): Promise<{ keys: readonly StoreKey[]; cursor: string }> {
  const pattern = keyPrefix.replace(/[*?[\]\\]/g, '\\$&') + match
  const reply = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN])
  const [next, keys] = Array.isArray(reply) ? reply : []
  if (!Array.isArray(keys)) throw new StoreReplyError('Cannot scan: the store must answer with a cursor and keys')
  return { keys: keys.map((key) => String(key).slice(keyPrefix.length) as StoreKey), cursor: String(next) }
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
