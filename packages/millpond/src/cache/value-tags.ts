import { type Awaitable, whenReady } from '../awaitable.ts'
import { createNonce, type KeyId, type Keyring, type StoreKey } from '../key.ts'
import type { CacheStore } from './cache-store.ts'
import type { ReadReason } from './event.ts'
import { type Slot, toTagKeys } from './slot.ts'
import type { Undelivered } from './undelivered.ts'

/** The tags of a definition that only a loaded value can name, for one entry. */
export interface ValueTags<Value> {
  /** Read before every load; each invalidation of the namespace renews it before its tags. */
  readonly epoch: StoreKey
  /** What the entry's value named when this process last saw it: a hint, by which a hit stays one command and a load reads the versions beforehand. */
  hinted(): readonly StoreKey[]
  /** The tags that a value names, now remembered as the hint. @throws {TypeError} when one is not a non-empty string */
  of(value: Value): Awaitable<readonly StoreKey[]>
  /** The tags and versions that an entry carries, now remembered as the hint; undefined where it carries none of ours. */
  read(named: string): NamedVersions | undefined
  /** Whether an invalidation of one of the tags is on its way. */
  isPending(tags: readonly StoreKey[]): boolean
}

/** Tags and the versions they had before a load, in the same order. */
export interface NamedVersions {
  readonly tags: readonly StoreKey[]
  readonly versions: readonly string[]
}

/** The hints of a cache: bounded, since losing one costs a command only. */
export type TagHints = Map<StoreKey, readonly StoreKey[]>

/** Carried by an entry whose value names none: not the same as an entry without value tags. */
const NONE = ';'
const MOST_HINTS = 10_000
/** A version and an id as `createKeyring` makes them: what is read from a store must not become any other key. */
const NAMED_VERSION = /^([\w-]{1,64})([=#~][^{}|;]*)$/

/** Binds the `valueTags` of a definition to an entry. */
export function bindValueTags<Value>(
  settings: { readonly keyring: Keyring; readonly hints: TagHints; readonly undelivered: Undelivered },
  slot: Slot,
  name: string,
  tagsOf: (value: Value) => readonly string[],
): ValueTags<Value> {
  const { keyring, hints, undelivered } = settings
  const { entry } = slot

  function remember(tags: readonly StoreKey[]): void {
    hints.delete(entry)
    hints.set(entry, tags)
    if (hints.size > MOST_HINTS) hints.delete(hints.keys().next().value ?? entry)
  }

  return {
    epoch: keyring.epoch,
    hinted: () => hints.get(entry) ?? [],
    of: (value) =>
      whenReady(toTagKeys(keyring, `Cannot store "${name}"`, tagsOf(value)), (keys) => {
        const tags = keys.filter((key) => !slot.tags.includes(key))
        remember(tags)
        return tags
      }),
    read(named) {
      if (!named.startsWith(NONE)) return undefined
      const tags: StoreKey[] = []
      const versions: string[] = []
      for (const part of named === NONE ? [] : named.split(';').slice(1)) {
        const [, version = '', id] = NAMED_VERSION.exec(part) ?? []
        if (id === undefined) return undefined
        tags.push(keyring.tag(id as KeyId))
        versions.push(version)
      }
      remember(tags)
      return { tags, versions }
    },
    isPending: (tags) => undelivered.covers({ ...slot, tags }),
  }
}

/** The versions of an entry's tags, and what it carries of those that its value names: empty for an entry without value tags. */
export function toMadeAgainst(versions: string): readonly [fixed: string, carried: string] {
  const end = versions.indexOf(';')
  return end === -1 ? [versions, ''] : [versions.slice(0, end), versions.slice(end)]
}

/**
 * Compares what an entry carries of the tags that its value names with their versions now: those in `current`, else read with a second command. Both looks were taken after the read began,
 * so the later one cannot miss an invalidation before it.
 */
export async function checkNamed(
  store: CacheStore,
  valueTags: ValueTags<never>,
  text: string,
  current: ReadonlyMap<StoreKey, string | null>,
): Promise<{ named: readonly StoreKey[] } | { reason: ReadReason } | { error: unknown }> {
  const carried = valueTags.read(text)
  if (!carried) return { reason: 'unreadable' }
  const { tags, versions } = carried
  let now = tags.map((tag) => current.get(tag))
  try {
    if (now.includes(undefined)) now = await store.read(tags)
  } catch (error) {
    return { error }
  }
  if (now.some((version, index) => version !== versions[index])) return { reason: 'tag-changed' }
  return valueTags.isPending(tags) ? { reason: 'invalidation-pending' } : { named: tags }
}

/**
 * What an entry carries of the tags that its value names: their versions as they were before the load. Undefined when that cannot be told, because something was invalidated during the load
 * and not all tags were known beforehand. 1 round trip for those that were not, none when all were.
 */
export async function nameVersions(
  store: CacheStore,
  valueTags: ValueTags<never>,
  tags: readonly StoreKey[],
  before: {
    readonly epoch: string | undefined
    readonly hinted: ReadonlyMap<StoreKey, string>
    readonly tagTtlMs: number
  },
): Promise<string | undefined> {
  const versions = new Map(before.hinted)
  const unknown = tags.filter((tag) => !versions.has(tag))
  if (unknown.length > 0) {
    const read = await store.versions([...unknown, valueTags.epoch], createNonce(), before.tagTtlMs)
    // Renewed before any tag and read after all of these: the same epoch means that none of them was renewed since the load began.
    if (read[unknown.length] !== before.epoch) return undefined
    unknown.forEach((tag, index) => {
      versions.set(tag, read[index] ?? '')
    })
  }
  if (tags.length === 0) return NONE
  return tags.map((tag) => `;${versions.get(tag)}${tag.slice(tag.indexOf('{') + 1, -1)}`).join('')
}
