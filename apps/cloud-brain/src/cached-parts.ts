import type { Cache, Duration } from 'millpond'
import type { Database } from './db/database.ts'

/** What every cached answer is defined on. `local`: how long one may be served from this process's memory, where that is wanted. */
export type CachedParts = { db: Database; cache: Cache; local: { readonly local?: Duration } }
