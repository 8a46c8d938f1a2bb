import { StoreReplyError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import type { Commands } from './commands.ts'
import { groupBySlot } from './group-by-slot.ts'

/** How many keys one MGET may name. */
const KEYS_PER_READ = 512

type Values = ReadonlyMap<StoreKey, string | null>

/** Merges the reads of one tick into one MGET (of at most 512 keys; on a cluster one for each slot), each key named once. */
export function createMergedRead(commands: Commands): (keys: readonly StoreKey[]) => Promise<(string | null)[]> {
  let named = new Set<StoreKey>()
  let answer: Promise<Values> | undefined

  function gather(): Promise<Values> {
    return new Promise((resolve, reject) => {
      const mine = named
      commands.atTickEnd(() => {
        if (named === mine) close()
        readAll(commands, [...mine]).then(resolve, reject)
      })
    })
  }

  function close(): void {
    named = new Set()
    answer = undefined
  }

  return async (keys) => {
    if (named.size > 0 && named.size + keys.length > KEYS_PER_READ) close()
    for (const key of keys) named.add(key)
    answer ??= gather()
    const values = await answer
    return keys.map((key) => values.get(key) ?? null)
  }
}

async function readAll(commands: Commands, keys: readonly StoreKey[]): Promise<Values> {
  const values = new Map<StoreKey, string | null>()
  const readGroup = async (group: readonly StoreKey[]) => {
    const reply = await commands.send(['MGET', ...group])
    if (!Array.isArray(reply) || reply.length !== group.length) {
      throw new StoreReplyError('Cannot read: the store must answer MGET with one value for each key')
    }
    group.forEach((key, index) => {
      values.set(key, toText(reply[index]))
    })
  }
  await Promise.all(groupBySlot(keys, commands.slotOf).map(readGroup))
  return values
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
