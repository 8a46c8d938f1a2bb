import { StoreReplyError } from '../errors.ts'
import type { LimitCheck, LimitStore } from '../limit/limit-store.ts'
import type { Verdict } from '../limit/verdict.ts'
import { type Commands, runScript } from './commands.ts'
import { TAKE } from './lua/take-script.ts'

/** The limiter's contract over Redis commands, however these travel. */
export function createRedisLimits(commands: Commands): LimitStore {
  return { take: (checks) => takeAt(commands, checks, '') }
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
