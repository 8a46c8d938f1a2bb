import { canonical, type KeyId, type Keyring, type StoreKey } from '../key.ts'

/** The keys that one read concerns. */
export interface Slot {
  readonly entry: StoreKey
  readonly lease: StoreKey
  /** Sorted, each once. */
  readonly tags: readonly StoreKey[]
}

/** The slot of an input of a definition. A promise only where a digest must be computed first. */
export async function toSlot(keyring: Keyring, name: string, input: unknown, tags: readonly string[]): Promise<Slot> {
  const id = await keyring.id(input === undefined ? '' : canonical(input))
  return {
    entry: keyring.entry(name, id),
    lease: keyring.lease(name, id),
    tags: await toTagKeys(keyring, `Cannot read "${name}"`, tags),
  }
}

/**
 * The keys of tags, sorted, each once.
 *
 * @throws {TypeError} when one is not a non-empty string
 */
export async function toTagKeys(keyring: Keyring, action: string, tags: readonly string[]): Promise<StoreKey[]> {
  if (!Array.isArray(tags))
    throw new TypeError(`${action}: "tags" must be an array of strings, received ${typeof tags}`)
  const unique = [...new Set(tags.map((tag) => readTag(action, tag)))].sort()
  const ids: KeyId[] = []
  for (const tag of unique) ids.push(await keyring.id(tag))
  return ids.map((id) => keyring.tag(id))
}

function readTag(action: string, tag: unknown): string {
  if (typeof tag === 'string' && tag !== '') return tag
  const received = tag === '' ? 'an empty string' : tag === null ? 'null' : typeof tag
  throw new TypeError(`${action}: each tag must be a non-empty string, received ${received}`)
}
