/** An entry as it lies in the store: when and against which versions it was made, and the encoded value. */
export interface Entry {
  readonly schemaVersion: string
  /** Wall clock of the writer, milliseconds since the Unix epoch. */
  readonly storedAt: number
  readonly ttlMs: number
  /** How long the load took, milliseconds. */
  readonly loadMs: number
  /** The versions of the entry's tags as read before the load began, in the order of its tags. */
  readonly versions: readonly string[]
  /** The tags that the value names and their versions, as `value-tags.ts` writes them; empty for a definition without. */
  readonly named: string
  readonly body: string
}

/** An entry read from the store, with how its text begins: all but the body, which tells it from any other fill. */
export interface StoredEntry extends Omit<Entry, 'versions' | 'named'> {
  /** The versions as they stand in the text, separated by commas, and after them the tags that the value names. */
  readonly versions: string
  readonly head: string
}

const START = 'm1|'

/** Writes an entry: six `|`-separated fields, then the body as it is. Versions are nonces and tags percent-encoded, so no field contains a separator. */
export function toText({ schemaVersion, storedAt, ttlMs, loadMs, versions, named, body }: Entry): string {
  return `${START}${schemaVersion}|${toDigits(storedAt)}|${toDigits(ttlMs)}|${toDigits(loadMs)}|${versions.join(',')}${named}|${body}`
}

/** Reads an entry; undefined for anything that is not one, such as another format's bytes or a truncated write. */
export function readEntry(text: string): StoredEntry | undefined {
  if (!text.startsWith(START)) return undefined
  const schema = text.indexOf('|', START.length)
  const stored = text.indexOf('|', schema + 1)
  const ttl = text.indexOf('|', stored + 1)
  const load = text.indexOf('|', ttl + 1)
  const versions = text.indexOf('|', load + 1)
  // After a separator that is missing the search begins anew, so that the places do not grow.
  if (!(schema < stored && stored < ttl && ttl < load && load < versions)) return undefined
  const storedAt = readDigits(text, schema + 1, stored)
  const ttlMs = readDigits(text, stored + 1, ttl)
  const loadMs = readDigits(text, ttl + 1, load)
  if (storedAt < 0 || ttlMs < 0 || loadMs < 0) return undefined
  return {
    schemaVersion: text.slice(START.length, schema),
    storedAt,
    ttlMs,
    loadMs,
    versions: text.slice(load + 1, versions),
    body: text.slice(versions + 1),
    head: text.slice(0, versions + 1),
  }
}

/** Whether an entry was made against exactly these versions. */
export function hasVersions(made: string, versions: readonly (string | null)[]): boolean {
  let place = 0
  for (const version of versions) {
    if (version === null || !made.startsWith(version, place)) return false
    place += version.length
    if (place < made.length && made[place] !== ',') return false
    place += 1
  }
  return versions.length === 0 ? made === '' : place === made.length + 1
}

/** A clock that was set back, or that counts fractions, must not make an entry that nobody can read. */
function toDigits(value: number): string {
  return Math.max(0, Math.round(value)).toString(36)
}

/** Ten digits are far more than a time has, and still an exact number. */
const MOST_DIGITS = 10

/** The number that the digits of base 36 from `start` to before `end` stand for, -1 when it is not one. Not parseInt: that would take what only begins like one. */
function readDigits(text: string, start: number, end: number): number {
  if (start === end || end - start > MOST_DIGITS) return -1
  let value = 0
  for (let place = start; place < end; place += 1) {
    const code = text.charCodeAt(place)
    const digit = code >= 97 && code <= 122 ? code - 87 : code >= 48 && code <= 57 ? code - 48 : -1
    if (digit < 0) return -1
    value = value * 36 + digit
  }
  return value
}
