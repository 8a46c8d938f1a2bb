import type { KeyId, Keyring, StoreKey } from '../key.ts'
import type { CacheStore } from './cache-store.ts'
import type { CacheReporter } from './event.ts'

/** Stands in `deleteMatching` for one part of a key, whatever it is. Not a text, so that nothing a user types can stand for it. */
export const anyPart: unique symbol = Symbol('any part')

/** What `deleteMatching` came to. */
export interface Matched {
  /** How many entries it removed. */
  readonly deleted: number
  /** False when the store stopped answering: call again. */
  readonly complete: boolean
}

/** Between the parts of a plain entry's id; percent-encoded within a part. */
const SEPARATOR = '/'

/** The id of a plain entry, of the ids of its parts: so that parts can be told apart in a key, also where a secret hides them. */
export function joinParts(ids: readonly string[]): KeyId {
  return ids.join(SEPARATOR) as KeyId
}

/**
 * Goes through all keys of the database and removes the plain entries whose keys begin with the parts, and their leases, so that a stamped `set` under way is refused too. What the glob
 * finds is compared part by part: a glob's star does not stop at a part's end.
 */
export async function deleteMatching(
  settings: { readonly store: CacheStore; readonly keyring: Keyring; readonly report: CacheReporter },
  name: string,
  ids: readonly (KeyId | typeof anyPart)[],
): Promise<Matched> {
  const { store, keyring, report } = settings
  if (!store.scan) throw new TypeError('Cannot delete what matches: "store" must be able to list its keys')
  const glob = joinParts(ids.map((id) => (id === anyPart ? '*' : id)))
  const match = keyring.glob(name, `${glob}*`)
  const matches = (key: StoreKey) => {
    const parts = key.slice(key.indexOf(':', key.indexOf('{')) + 1, -1).split(SEPARATOR)
    return ids.every((id, index) => (id === anyPart ? !!parts[index] : parts[index] === id))
  }
  let deleted = 0
  let cursor = '0'
  try {
    do {
      const found = await store.scan(match, cursor)
      const keys = found.keys.filter(matches)
      if (keys.length > 0) await store.remove(keys)
      deleted += keys.filter(keyring.isEntry).length
      cursor = found.cursor
    } while (cursor !== '0')
  } catch (error) {
    report({ type: 'store-error', operation: 'scan', error })
    return { deleted, complete: false }
  }
  return { deleted, complete: true }
}
