import type { CacheStore } from '../cache/cache-store.ts'
import { StoreReplyError } from '../errors.ts'
import type { LimitCheck, LimitStore } from '../limit/limit-store.ts'
import type { Verdict } from '../limit/verdict.ts'
import { type Commands, runScript } from './commands.ts'
import { FILL, LEASE, RELEASE } from './lua/cache-scripts.ts'
import { TAKE } from './lua/take-script.ts'
import { createMergedRead } from './merge-reads.ts'

/** Both contracts over Redis commands, however these travel. */
export function createRedisStore(commands: Commands): CacheStore & LimitStore & { ping(): Promise<void> } {
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
    take: (checks) => takeAt(commands, checks, ''),
    async ping() {
      await commands.send(['PING'])
    },
  }
}

const LETTER = { 'sliding-window': 's', 'fixed-window': 'f' } as const
const NUMBERS_PER_VERDICT = 4

/** Runs a take; `now` is empty for the server's clock, or a moment in milliseconds for tests that hold the Lua against its TypeScript twin. */
export async function takeAt(commands: Commands, checks: readonly LimitCheck[], now: '' | number): Promise<Verdict[]> {
  const args = checks.flatMap(({ algorithm, limit, windowMs, cost }) => [LETTER[algorithm], limit, windowMs, cost])
  const reply = await runScript(
    commands,
    TAKE,
    checks.map(({ key }) => key),
    [now, ...args],
  )
  if (!Array.isArray(reply) || reply.length !== checks.length * NUMBERS_PER_VERDICT) {
    throw new StoreReplyError('Cannot take: the store must answer with four numbers for each check')
  }
  const numbers = reply.map(Number)
  return checks.map((_, index) => toVerdict(numbers.slice(index * NUMBERS_PER_VERDICT)))
}

function toVerdict([allowed, remaining = Number.NaN, resetMs = Number.NaN, retryMs = Number.NaN]: number[]): Verdict {
  if (![remaining, resetMs, retryMs].every(Number.isSafeInteger)) {
    throw new StoreReplyError('Cannot take: the store must answer with whole numbers')
  }
  return {
    allowed: allowed === 1,
    remaining,
    resetMs,
    retryAfterMs: retryMs === -1 ? Number.POSITIVE_INFINITY : retryMs,
  }
}
