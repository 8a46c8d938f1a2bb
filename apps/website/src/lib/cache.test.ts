import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memory } from 'millpond/memory'
import { expect, test } from 'vitest'
import type { Database } from '../db/database.ts'
import { createSiteCache } from './cache.ts'

test('createSiteCache() gives each entry a key of its own', async () => {
  // Nothing is loaded, so there is no database.
  const db = undefined as unknown as Database
  const syncSupport = async () => {}
  const site = createSiteCache({ store: memory(), keySecret: 'at least sixteen characters', db, syncSupport })
  const { stats, leaderboard, support } = site
  const keys = await Promise.all([stats, leaderboard, support].map(async (entry) => (await entry.explain()).entryKey))
  site.close()
  expect(new Set(keys).size).toBe(3)
})

test('createSiteCache() defines no other entry, and none has an input: two values of each parameter would have to give two keys', () => {
  const source = readFileSync(join(import.meta.dirname, 'cache.ts'), 'utf8')
  expect(source.match(/cache\.define\(/g)?.length).toBe(3)
  expect(source).not.toContain('input:')
})
