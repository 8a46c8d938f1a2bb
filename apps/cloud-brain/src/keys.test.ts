import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cache, createCache } from 'millpond'
import { memory } from 'millpond/memory'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { CachedParts } from './cached-parts.ts'
import { definePreferences } from './health/preferences.ts'
import { defineProfile } from './health/profile.ts'
import { defineAnalytics } from './routes/analytics-cache.ts'
import { defineStravaStatus } from './strava/connections.ts'

interface Entry {
  readonly name: string
  readonly input: z.ZodObject
  readonly keyOf: (input: unknown) => Promise<string>
}

/** Every cached entry of the application, as it is defined. */
function collectEntries(): Entry[] {
  const entries: Entry[] = []
  const cache = createCache({ store: memory(), namespace: 'keys', keySecret: 'at least sixteen characters' })
  const define = (options: { name: string; input: z.ZodObject }) => {
    const definition = cache.define({ ...options, ttl: '1m', load: () => null })
    const keyOf = async (input: unknown) => (await definition.explain(input as never)).entryKey
    entries.push({ name: options.name, input: options.input, keyOf })
    return definition
  }
  // Nothing is loaded, so there is no database.
  const parts = { cache: { ...cache, define: define as unknown as Cache['define'] }, local: {} } as CachedParts
  for (const defineSome of [defineAnalytics, defineProfile, definePreferences, defineStravaStatus]) defineSome(parts)
  return entries
}

/** Two values that a field's schema takes. */
function twoValues(field: z.core.JSONSchema._JSONSchema): readonly [unknown, unknown] {
  if (typeof field === 'boolean') throw new TypeError('Cannot make values: the field takes anything')
  if (field.enum) return [field.enum[0], field.enum[1]]
  if (Array.isArray(field.type) && field.type.includes('null')) return [null, 'alice@example.org']
  if (field.type === 'integer') return [field.minimum, Number(field.minimum) + 1]
  if (field.format === 'uuid') return ['0190f3a0-0000-7000-8000-000000000001', '0190f3a0-0000-7000-8000-000000000002']
  if (field.format === 'date' || field.pattern?.includes('\\d{4}')) return ['2026-11-24', '2026-11-25']
  if (field.type === 'string') return ['alice-0001', 'alice-0002']
  throw new TypeError(`Cannot make values: unknown field ${JSON.stringify(field)}`)
}

const cases = collectEntries().flatMap((entry) => {
  const { properties = {} } = z.toJSONSchema(entry.input, { io: 'input', unrepresentable: 'any' })
  const values = Object.entries(properties).map(([field, schema]) => [field, twoValues(schema)] as const)
  return values.map(([field]) => ({ entry, name: entry.name, field, values }))
})

test.each(cases)('$name: another $field is another key, and the same is the same', async ({ entry, field, values }) => {
  const first = Object.fromEntries(values.map(([name, [value]]) => [name, value]))
  const other = {
    ...first,
    ...Object.fromEntries(values.filter(([name]) => name === field).map(([name, [, value]]) => [name, value])),
  }
  const reordered = Object.fromEntries(Object.entries(first).reverse())
  const [key, otherKey, sameKey] = [await entry.keyOf(first), await entry.keyOf(other), await entry.keyOf(reordered)]
  expect(otherKey).not.toBe(key)
  expect(sameKey).toBe(key)
})

test('every entry that the sources define is among them', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
  const defined = sources.join('').match(/cache\.define\(/g)?.length ?? 0
  expect(new Set(cases.map(({ name }) => name)).size).toBe(defined)
})
