import type { LimitStore } from '../limit/limit-store.ts'
import type { Commands } from './commands.ts'
import { createLimitCalls, type LimitCalls } from './limit-calls.ts'
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
export function createLimitOperations({ decide, count }: LimitCalls): Omit<LimitStore, 'reset'> {
  return {
    take: (checks) => decide('t', checks),
    peek: (checks) => decide('p', checks),
    charge: (checks) => count('c', checks),
    refund: (marks) => count('r', marks),
    prolong: (marks) => count('n', marks),
  }
}
