import { StoreReplyError } from '../errors.ts'
import { CLOCKS_DIFFER } from '../limit/fixed-window.ts'
import type { LimitCheck, LimitMark, LimitStore } from '../limit/limit-store.ts'
import type { Verdict } from '../limit/verdict.ts'
import type { Commands } from './commands.ts'
import { type CallCheck, createLimitCalls, type LimitCalls } from './limit-calls.ts'
import { withSlots } from './split-slots.ts'

/** The limiter's contract over Redis commands, however these travel. */
export function createRedisLimits(commands: Commands): LimitStore {
  const limits: LimitStore = {
    ...createLimitOperations(createLimitCalls(commands)),
    async reset(keys) {
      await commands.send(['DEL', ...keys])
    },
  }
  return commands.slotOf ? withSlots(limits) : limits
}

/** The operations that are groups of the limit script. */
export function createLimitOperations(call: LimitCalls): Omit<LimitStore, 'reset'> {
  return {
    take: async (checks) => toVerdicts(await call('t', checks.map(toArguments))),
    peek: async (checks) => toVerdicts(await call('p', checks.map(toArguments))),
    charge: async (checks) => (await call('c', checks.map(toArguments))).map(toUnits),
    refund: async (marks) => (await call('r', marks.map(toMarkArguments))).map(toUnits),
    prolong: async (marks) => (await call('n', marks.map(toMarkArguments))).map(toUnits),
  }
}

const LETTER = { 'sliding-window': 's', 'fixed-window': 'f', 'token-bucket': 'b', concurrency: 'c' } as const
const PER_VERDICT = 5

function toArguments(check: LimitCheck): CallCheck {
  const { key, algorithm, limit, windowMs, cost, shadow } = check
  const letter = LETTER[algorithm]
  return [key, shadow ? letter.toUpperCase() : letter, limit, windowMs, cost, toDetail(check)]
}

function toMarkArguments(mark: LimitMark): CallCheck {
  return [mark.key, LETTER[mark.algorithm], mark.mark, mark.windowMs, mark.cost, toDetail(mark)]
}

function toDetail({ algorithm, limit, refill = limit, starts, permit = '' }: LimitCheck): string | number {
  switch (algorithm) {
    case 'sliding-window':
      return ''
    case 'fixed-window':
      return starts?.join(' ') ?? ''
    case 'token-bucket':
      return refill
    case 'concurrency':
      return permit
    default:
      return algorithm satisfies never
  }
}

function toVerdicts(reply: readonly unknown[]): Verdict[] {
  const verdicts: Verdict[] = []
  for (let index = 0; index < reply.length; index += PER_VERDICT) {
    const [allowed, remaining, resetMs, retryMs] = [0, 1, 2, 3].map((place) => toWhole(reply[index + place]))
    if (allowed === -1 || remaining === undefined || resetMs === undefined || retryMs === undefined) {
      throw new StoreReplyError(
        allowed === -1 ? CLOCKS_DIFFER : 'Cannot take: the store must answer with whole numbers',
      )
    }
    const mark = String(reply[index + 4] ?? '')
    const retryAfterMs = retryMs === -1 ? Number.POSITIVE_INFINITY : retryMs
    const verdict = { allowed: allowed === 1, remaining, resetMs, retryAfterMs }
    verdicts.push(mark === '' ? verdict : { ...verdict, mark })
  }
  return verdicts
}

function toUnits(reply: unknown): number {
  const units = toWhole(reply)
  if (units === undefined || units < 0) {
    throw new StoreReplyError(units === -1 ? CLOCKS_DIFFER : 'Cannot count: the store must answer with whole numbers')
  }
  return units
}

function toWhole(reply: unknown): number | undefined {
  const number = typeof reply === 'string' ? Number(reply) : reply
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}
