import type { CacheStore } from '../../cache/cache-store.ts'
import { mergeReads } from '../../cache/merge-reads.ts'
import { StoreUnavailableError } from '../../errors.ts'
import type { StoreKey } from '../../key.ts'
import type { CallPolicy } from '../../resilience/call.ts'
import type { Commands } from '../commands.ts'
import { scanServer } from '../redis-cache.ts'
import { groupBySlot } from './group-by-slot.ts'

/** A cache store on a cluster, where one command can name keys of one slot only, made of one that asks one slot at a time. */
export function withClusterCache(
  cache: CacheStore,
  {
    slotOf,
    nodeOf,
    masters,
    keyPrefix,
  }: Required<Pick<Commands, 'slotOf' | 'masters'>> & Pick<Commands, 'keyPrefix' | 'nodeOf'>,
): CacheStore {
  /** What is said of each key, asked slot by slot. */
  async function askEach<Answer>(
    keys: readonly StoreKey[],
    ask: (group: readonly StoreKey[]) => Promise<readonly Answer[]>,
  ): Promise<Answer[]> {
    const answers = new Map<StoreKey, Answer>()
    const askGroup = async (group: readonly StoreKey[]) => {
      const found = await ask(group)
      group.forEach((key, index) => {
        answers.set(key, found[index] as Answer)
      })
    }
    await Promise.all(groupBySlot(keys, slotOf).map(askGroup))
    return keys.map((key) => answers.get(key) as Answer)
  }

  const versions = (tags: readonly StoreKey[], nonce: string, ttlMs: number) =>
    askEach(tags, (group) => cache.versions(group, nonce, ttlMs))

  return {
    ...cache,
    read: (keys) => askEach(keys, cache.read),
    /** Slot by slot: a master that does not answer fails what asks for its keys, and nothing else; and is soon left alone. */
    mergeReads(read, createBreaker) {
      const breakers = new Map<string | number, CallPolicy>()
      const breakerOf = (slot: number) => {
        const node = nodeOf?.(slot) ?? slot
        const breaker = breakers.get(node) ?? createBreaker()
        breakers.set(node, breaker)
        return breaker
      }
      const ofThisTick = new Map<number, CacheStore['read']>()
      const readIn = (slot: number) => {
        if (ofThisTick.size === 0) cache.atTickEnd?.(() => ofThisTick.clear())
        const merged = ofThisTick.get(slot) ?? mergeReads(cache, (keys) => breakerOf(slot)('read', () => read(keys)))
        ofThisTick.set(slot, merged)
        return merged
      }
      return (keys) => askEach(keys, (group) => readIn(slotOf(group[0] ?? ''))(group))
    },
    /**
     * The tags lie in slots of their own. Their versions are read beside the lease, not with it: all that counts is that both come before the load, and that is so when both
     * have been answered.
     */
    async lease(request) {
      const [grant, found] = await Promise.all([
        cache.lease({ ...request, tags: [] }),
        versions(request.tags, request.nonce, request.tagTtlMs),
      ])
      return grant.kind === 'granted' ? { kind: 'granted', versions: found } : grant
    },
    async versions(tags, nonce, ttlMs) {
      const others = await versions(tags.slice(0, -1), nonce, ttlMs)
      return [...others, ...(await versions(tags.slice(-1), nonce, ttlMs))]
    },
    async renew(tags, nonce, ttlMs) {
      await cache.renew(tags.slice(0, 1), nonce, ttlMs)
      await Promise.all(groupBySlot(tags.slice(1), slotOf).map((group) => cache.renew(group, nonce, ttlMs)))
    },
    /** One server after the other: a cursor says which, and how far. */
    async scan(match, cursor) {
      const [at = '0', server = '0'] = cursor.split('@')
      const senders = await masters()
      const send = senders[Number(server)]
      if (!send) throw new StoreUnavailableError('Cannot scan: a master is away')
      const { keys, cursor: next } = await scanServer({ send, ...(keyPrefix && { keyPrefix }) }, match, at)
      const later = Number(server) + 1
      return { keys, cursor: next !== '0' ? `${next}@${server}` : later < senders.length ? `0@${later}` : '0' }
    },
    async remove(keys) {
      await Promise.all(groupBySlot(keys, slotOf).map(cache.remove))
    },
  }
}
