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
  readonly body: string
}

/** An entry read from the store, with how its text begins: all but the body, which tells it from any other fill. */
export interface StoredEntry extends Entry {
  readonly head: string
}

const FORMAT = 'm1'
const FIELDS = 6

/** Writes an entry: six `|`-separated fields, then the body as it is. Versions are nonces, so no field contains a separator. */
export function toText(entry: Entry): string {
  const { schemaVersion, storedAt, ttlMs, loadMs, versions, body } = entry
  return `${FORMAT}|${schemaVersion}|${storedAt.toString(36)}|${ttlMs.toString(36)}|${loadMs.toString(36)}|${versions.join(',')}|${body}`
}

/** Reads an entry; undefined for anything that is not one, such as another format's bytes or a truncated write. */
export function readEntry(text: string): StoredEntry | undefined {
  const fields: string[] = []
  let start = 0
  while (fields.length < FIELDS) {
    const end = text.indexOf('|', start)
    if (end === -1) return undefined
    fields.push(text.slice(start, end))
    start = end + 1
  }
  const [format, schemaVersion = '', stored = '', ttl = '', load = '', versions = ''] = fields
  const storedAt = Number.parseInt(stored, 36)
  const ttlMs = Number.parseInt(ttl, 36)
  const loadMs = Number.parseInt(load, 36)
  if (
    format !== FORMAT ||
    !Number.isSafeInteger(storedAt) ||
    !Number.isSafeInteger(ttlMs) ||
    !Number.isSafeInteger(loadMs)
  ) {
    return undefined
  }
  return {
    schemaVersion,
    storedAt,
    ttlMs,
    loadMs,
    versions: versions ? versions.split(',') : [],
    body: text.slice(start),
    head: text.slice(0, start),
  }
}
