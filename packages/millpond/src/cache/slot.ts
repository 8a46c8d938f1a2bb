import { type Awaitable, whenReady } from '../awaitable.ts'
import { canonical, type KeyId, type Keyring, type StoreKey } from '../key.ts'
import { createRecent } from './recent.ts'

/** The keys that one read concerns. */
export interface Slot {
  readonly entry: StoreKey
  readonly lease: StoreKey
  /** Sorted, each once. */
  readonly tags: readonly StoreKey[]
}

/** How many slots a definition remembers at least, at most twice as many. */
const REMEMBERED = 2_048
const LONGEST_REMEMBERED = 1_024

/** The slots of a definition by input. */
export type Slots = (input: unknown) => Awaitable<Slot>

/** Creates the slots of a definition. The keys of inputs used lately are remembered: tags depend on the input alone. A promise only where a digest must be computed first. */
export function createSlots(keyring: Keyring, name: string, tagsOf: (input: unknown) => readonly string[]): Slots {
  const recent = createRecent<string, Slot>(REMEMBERED)
  return (input) => {
    const text = input === undefined ? '' : canonical(input)
    const known = recent.get(text)
    if (known) return known
    const keys = toTagKeys(keyring, `Cannot read "${name}"`, tagsOf(input))
    return whenReady(keyring.id(text), (id) =>
      whenReady(keys, (tags) => {
        const slot = { entry: keyring.entry(name, id), lease: keyring.lease(name, id), tags }
        if (text.length <= LONGEST_REMEMBERED) recent.set(text, slot)
        return slot
      }),
    )
  }
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
