import { type Awaitable, whenReady } from '../awaitable.ts'
import { canonical, type KeyId, type Keyring, type StoreKey } from '../key.ts'

/** The keys that one read concerns. */
export interface Slot {
  readonly entry: StoreKey
  readonly lease: StoreKey
  /** Sorted, each once. */
  readonly tags: readonly StoreKey[]
}

/** The slot of an input of a definition. A promise only where a digest must be computed first. */
export function toSlot(keyring: Keyring, name: string, input: unknown, tags: readonly string[]): Awaitable<Slot> {
  const id = keyring.id(input === undefined ? '' : canonical(input))
  const tagKeys = toTagKeys(keyring, `Cannot read "${name}"`, tags)
  return whenReady(id, (ready) =>
    whenReady(tagKeys, (keys) => ({
      entry: keyring.entry(name, ready),
      lease: keyring.lease(name, ready),
      tags: keys,
    })),
  )
}

const NO_TAGS: readonly StoreKey[] = []

/**
 * The keys of tags, sorted, each once. A promise only where a digest must be computed first.
 *
 * @throws {TypeError} when one is not a non-empty string
 */
export function toTagKeys(keyring: Keyring, action: string, tags: readonly string[]): Awaitable<readonly StoreKey[]> {
  if (!Array.isArray(tags)) {
    throw new TypeError(`${action}: "tags" must be an array of strings, received ${typeof tags}`)
  }
  if (tags.length === 0) return NO_TAGS
  for (const tag of tags) readTag(action, tag)
  const unique = tags.length === 1 ? tags : [...new Set(tags)].sort()
  const ids = unique.map((tag) => keyring.id(tag))
  const toKeys = (ready: readonly KeyId[]) => ready.map((id) => keyring.tag(id))
  return isReady(ids) ? toKeys(ids) : Promise.all(ids).then(toKeys)
}

function isReady(ids: readonly Awaitable<KeyId>[]): ids is readonly KeyId[] {
  return ids.every((id) => typeof id === 'string')
}

function readTag(action: string, tag: unknown): void {
  if (typeof tag === 'string' && tag !== '') return
  const received = tag === '' ? 'an empty string' : tag === null ? 'null' : typeof tag
  throw new TypeError(`${action}: each tag must be a non-empty string, received ${received}`)
}
