import { expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createCache } from './cache.ts'

const createTestCache = () => createCache({ store: memory(), namespace: 'test' })

test.each([[undefined], [null], [{ namespace: 'test' }]])(
  'createCache(%j) throws where there is no store',
  (options) => {
    expect(() => createCache(options as never)).toThrow(
      new TypeError('Cannot create cache: "store" must be a store, received undefined'),
    )
  },
)

test.each([
  [{ ttl: 0 }, 'Cannot define "value": "ttl" must be a duration'],
  [{ ttl: '5 minutes' }, 'Cannot define "value": "ttl" must be a duration'],
  [{ ttl: -1 }, 'Cannot define "value": "ttl" must be a duration from 1 ms to 2592000000 ms such as "5m", received -1'],
  [{ ttl: Number.NaN }, 'Cannot define "value": "ttl" must be a duration'],
  [
    { ttl: '31d' },
    'Cannot define "value": "ttl" must be a duration from 1 ms to 2592000000 ms such as "5m", received "31d"',
  ],
  [{ staleFor: '-5m' }, 'Cannot define "value": "staleFor" must be a duration'],
  [{ staleIfError: 0 }, 'Cannot define "value": "staleIfError" must be a duration'],
  [{ nullTtl: '5' }, 'Cannot define "value": "nullTtl" must be a duration'],
  [{ local: 1.5 }, 'Cannot define "value": "local" must be a duration'],
  [
    { local: null },
    'Cannot define "value": "local" must be a duration from 1 ms to 2592000000 ms such as "5m", received null',
  ],
  [{ local: { frozen: true } }, 'Cannot define "value": "local" must be a duration'],
  [{ local: { for: null } }, 'Cannot define "value": "local" must be a duration'],
  [{ softTimeout: Number.POSITIVE_INFINITY }, 'Cannot define "value": "softTimeout" must be a duration'],
  [{ hardTimeout: null }, 'Cannot define "value": "hardTimeout" must be a duration'],
  [
    { hardTimeout: '25d' },
    'Cannot define "value": "hardTimeout" must be a duration from 1 ms to 2147483647 ms such as "5m", received "25d"',
  ],
  [{ softTimeout: '25d' }, 'Cannot define "value": "softTimeout" must be a duration from 1 ms to 2147483647 ms'],
  [{ version: 'a|b' }, 'Cannot define "value": "version" must match'],
  [{ name: 'a:b' }, 'Cannot define a cache entry: "name" must match'],
  [{ load: 1 }, 'Cannot define "value": "load" must be a function, received number'],
  [{ tags: ['a'] }, 'Cannot define "value": "tags" must be a function, received object'],
  [{ input: {} }, 'Cannot define "value": "input" must be a Standard Schema, received object'],
  [{ output: {} }, 'Cannot define "value": "output" must be a Standard Schema, received object'],
  [{ output: () => true }, 'Cannot define "value": "output" must be a Standard Schema, received function'],
])('define() throws for %j', (wrong, message) => {
  const cache = createTestCache()
  const options = { name: 'value', ttl: '5m', load: () => 1, ...wrong } as unknown as {
    name: string
    ttl: '5m'
    load: () => number
  }
  expect(() => cache.define(options)).toThrow(message)
})

test('define() throws for no options at all', () => {
  expect(() => createTestCache().define(undefined as never)).toThrow('Cannot define a cache entry: "name" must match')
})

test('define() throws for a name that is taken', () => {
  const cache = createTestCache()
  cache.define({ name: 'value', ttl: '5m', load: () => 1 })
  expect(() => cache.define({ name: 'value', ttl: '5m', load: () => 1 })).toThrow(
    'Cannot define "value": "name" must be unique in its cache',
  )
})
