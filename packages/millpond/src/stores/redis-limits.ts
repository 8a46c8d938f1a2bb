import type { LimitStore } from '../limit/limit-store.ts'
import type { Commands } from './commands.ts'
import { createLimitCalls, type LimitCalls } from './limit-calls.ts'

/** The limiter's contract over Redis commands, however these travel: a call may name keys of one slot only, which is each on one server. */
export function createRedisLimits(commands: Commands): LimitStore {
  return {
    ...createLimitOperations(createLimitCalls(commands)),
    async warnings() {
      const info = String(await commands.send(['INFO', 'memory']))
      // Only `noeviction` has no hyphen; and without a bound nothing is evicted.
      const [, policy] = /maxmemory_policy:(\w+-\w+)/.exec(info) ?? []
      return policy && !/maxmemory:0\b/.test(info)
        ? [`The store evicts keys when it is full (${policy}), counts of limits among them`]
        : []
    },
    async reset(keys) {
      await commands.send(['DEL', ...keys])
    },
  }
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
