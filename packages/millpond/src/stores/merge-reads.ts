import { StoreReplyError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import type { Commands } from './commands.ts'

/** How many keys one MGET may name. */
const KEYS_PER_READ = 512

interface Waiting {
  readonly keys: readonly StoreKey[]
  readonly resolve: (values: (string | null)[]) => void
  readonly reject: (error: unknown) => void
}

/** Merges the reads of one tick into one MGET (of at most 512 keys), each key named once. */
export function createMergedRead(commands: Commands): (keys: readonly StoreKey[]) => Promise<(string | null)[]> {
  let waiting: Waiting[] = []
  let named = new Map<StoreKey, number>()

  function flush(): void {
    const reads = waiting
    const positions = named
    waiting = []
    named = new Map()
    if (reads.length === 0) return
    commands.send(['MGET', ...positions.keys()]).then(
      (reply) => {
        for (const { keys, resolve, reject } of reads) {
          if (Array.isArray(reply) && reply.length === positions.size) {
            resolve(keys.map((key) => toText(reply[positions.get(key) ?? -1])))
          } else reject(new StoreReplyError('Cannot read: the store must answer MGET with one value for each key'))
        }
      },
      (error: unknown) => {
        for (const { reject } of reads) reject(error)
      },
    )
  }

  return (keys) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) commands.atTickEnd(flush)
      else if (named.size + keys.length > KEYS_PER_READ) {
        flush()
        commands.atTickEnd(flush)
      }
      waiting.push({ keys, resolve, reject })
      for (const key of keys) if (!named.has(key)) named.set(key, named.size)
    })
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
