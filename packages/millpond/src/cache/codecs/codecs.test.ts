import { parse } from 'node:querystring'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { memory } from '../../stores/memory/index.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { type CacheOptions, createCache } from '../cache.ts'
import type { Codec } from '../codec.ts'
import { seal } from '../seal.ts'
import { bytes, richJson } from './index.ts'

/** Holds what JSON does not see. */
class Secret {
  readonly #text = 'hush'
  reveal() {
    return this.#text
  }
}

class Row {
  readonly id = 1
}

const encryption = { current: 'k', keys: { k: Buffer.alloc(32, 7).toString('base64') } }

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const connect = () => createCache({ store, namespace: 'test', clock, random: () => 0.5, ...options })
  return { clock, store, connect, cache: connect() }
}

const seals: Record<string, Partial<CacheOptions>> = {
  plain: {},
  compressed: { seal: seal({ compressAbove: 0 }) },
  'compressed if long': { seal: seal({ compressAbove: 20 }) },
  encrypted: { seal: seal({ encryption }) },
  both: { seal: seal({ compressAbove: 0, encryption }) },
}

describe('bytes', () => {
  test.each(Object.keys(seals))('come back as they were, on a miss and on a hit, %s', async (sealed) => {
    const { cache } = setUp(seals[sealed])
    const file = cache.define({
      name: 'file',
      ttl: '5m',
      codec: bytes,
      input: z.array(z.number()),
      load: (content) => new Uint8Array(content),
    })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (content) => {
        const input = [...content]
        for (const status of ['miss', 'hit']) {
          const read = await file.get(input)
          expect(read.status).toBe(status)
          expect(read.value).toEqual(content)
          expect(read.value.constructor).toBe(Uint8Array)
        }
        await file.delete(input)
      }),
      { numRuns: 200 },
    )
  })

  test('come back as they were where they are many', async () => {
    const { cache } = setUp({})
    const content = Uint8Array.from({ length: 100_003 }, (_, place) => place * 7)
    const file = cache.define({ name: 'file', ttl: '5m', codec: bytes, load: () => content })
    for (const status of ['miss', 'hit']) expect(await file.get()).toMatchObject({ status, value: content })
  })

  test('are a copy for each reader', async () => {
    const { cache } = setUp()
    const file = cache.define({ name: 'file', ttl: '5m', codec: bytes, load: () => new Uint8Array([1, 2]) })
    const [one, two] = await Promise.all([file.get(), file.get()])
    one.value[0] = 9
    expect(two.value).toEqual(new Uint8Array([1, 2]))
  })

  test('rejects a value that is not bytes, and stores nothing', async () => {
    const { cache } = setUp()
    const load = vi.fn(() => 'text' as never)
    const file = cache.define({ name: 'file', ttl: '5m', codec: bytes, load })
    for (const _ of [1, 2]) {
      await expect(file.get()).rejects.toThrow(
        'Cannot cache "file": "load" must return a value that the codec "bytes" can encode',
      )
    }
    expect(load).toHaveBeenCalledTimes(2)
  })
})

describe('richJson', () => {
  const codec = richJson as Codec<unknown>
  const rich: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/\p{Surrogate}/gu, '')),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 9 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(
          fc.string(),
          fc.constantFrom('$', '$$', '$bigint', '$$date', '$number', '$bytes', '__proto__', 'toString'),
        ),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  })).value

  test('gives back what it was given: bigint, Date, bytes and numbers at any depth, whatever the names', () => {
    fc.assert(
      fc.property(rich, (value) => {
        expect(codec.decode(codec.encode(value))).toStrictEqual(value)
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives different values different texts', () => {
    const values = [
      1,
      1n,
      '1',
      new Date(1),
      { $bigint: '1' },
      { $$bigint: '1' },
      { $date: 1 },
      [1],
      -0,
      0,
      null,
      'null',
    ]
    expect(new Set(values.map((value) => codec.encode(value))).size).toBe(values.length)
  })

  test('makes no prototype of what it reads', () => {
    const value = codec.decode('{"__proto__":{"admin":true},"$$x":1}')
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value).not.toHaveProperty('admin')
    expect(Object.keys(value as object)).toEqual(['__proto__', '$x'])
  })

  test.each([
    ['a Map', { a: new Map() }, 'value.a must be plain data, received an instance of Map'],
    ['an instance', [new (class Money {})()], 'value[0] must be plain data, received an instance of Money'],
    ['a function', { f: () => 1 }, 'value.f must be data, received function'],
    ['an invalid Date', new Date(Number.NaN), 'value must be a valid Date'],
    ['nothing', undefined, 'value must be data, received undefined'],
  ])('throws for %s and names where it is', (_, value, message) => {
    expect(() => codec.encode(value)).toThrow(message)
  })

  test('throws for a text that it did not write', () => {
    for (const text of ['{"$date":"x"}', '{"$map":[]}', '{"$bigint":1}', '{"$bigint":"x"}', '{', '{"$bytes":"?"}'])
      expect(() => codec.decode(text)).toThrow()
  })

  test('serves in a definition, null with its own TTL', async () => {
    const { cache } = setUp()
    const order = cache.define({
      name: 'order',
      ttl: '10m',
      nullTtl: '10s',
      codec: richJson,
      input: z.bigint(),
      load: (cents) => (cents === 0n ? null : { cents, at: new Date(0) }),
      valueTags: (value) => (value ? [`day:${value.at.toISOString()}`] : []),
    })
    expect((await order.get(12n)).value).toEqual({ cents: 12n, at: new Date(0) })
    expect(await order.get(12n)).toMatchObject({ status: 'hit', value: { cents: 12n, at: new Date(0) } })
    expect((await order.get(0n)).ttlMs).toBeLessThanOrEqual(10_000)
  })
})

describe('codec', () => {
  const upper: Codec<string> = {
    name: 'upper',
    encode: (text) => text.toUpperCase(),
    decode: (text) => text.toLowerCase(),
  }

  test.each(Object.keys(seals))('may write any text, also one that looks sealed, %s', async (sealed) => {
    const { cache } = setUp(seals[sealed])
    const text = cache.define({ name: 'text', ttl: '5m', codec: upper, input: z.string(), load: (value) => value })
    for (const value of ['zip', 'e:a:b', 'plain', 'pp', '', '|', 'p', 'null']) {
      expect([(await text.get(value)).value, (await text.get(value)).value]).toEqual([value, value])
      expect((await text.get(value)).status).toBe('hit')
    }
  })

  test('that wrote an entry is the only one that reads it', async () => {
    const { connect } = setUp()
    const define = (codec?: Codec<string>) =>
      connect().define({ name: 'text', ttl: '5m', load: () => 'a', ...(codec ? { codec } : {}) })
    await define(upper).get()
    expect(await define(upper).get()).toMatchObject({ status: 'hit' })
    expect(await define({ ...upper, name: 'lower' }).get()).toMatchObject({ status: 'miss', reason: 'version-changed' })
    expect(await define().get()).toMatchObject({ status: 'miss', reason: 'version-changed' })
    expect(await define().get()).toMatchObject({ status: 'hit' })
  })

  test('that cannot read an entry makes it a miss', async () => {
    const { connect } = setUp()
    await connect()
      .define({ name: 'text', ttl: '5m', codec: upper, load: () => 'a' })
      .get()
    let reads = 0
    const decode = (text: string) => {
      reads += 1
      if (reads === 1) throw new SyntaxError('not mine')
      return text
    }
    const broken = connect().define({ name: 'text', ttl: '5m', codec: { ...upper, decode }, load: () => 'b' })
    expect(await broken.get()).toMatchObject({ status: 'miss', reason: 'schema-rejected' })
  })

  test('that breaks its rule is an error: no text, half a character, no function, no name', async () => {
    const { connect } = setUp()
    for (const encode of [() => 7 as never, () => '\ud800', () => undefined as never]) {
      const text = connect().define({ name: 'text', ttl: '5m', codec: { ...upper, encode }, load: () => 'a' })
      await expect(text.get()).rejects.toThrow(
        'Cannot cache "text": "load" must return a value that the codec "upper" can encode',
      )
    }
    const define = (codec: unknown) => () =>
      connect().define({ name: 'text', ttl: '5m', codec: codec as Codec<string>, load: () => 'a' })
    expect(define('gzip')).toThrow(
      'Cannot define "text": "codec" must have a name, "encode" and "decode", received string',
    )
    expect(define({ ...upper, name: 'a+b' })).toThrow('Cannot define "text": "codec.name" must match')
  })

  test.each([
    ['Uint8Array', new Uint8Array(1)],
    ['Map', new Map()],
    ['Set', new Set()],
    ['ArrayBuffer', new ArrayBuffer(1)],
    ['Response', new Response('hello')],
    ['Error', new Error('hello')],
    ['Secret', new Secret()],
  ])('is asked for where JSON would make an empty object of a %s', async (name, value) => {
    const { cache } = setUp()
    const rule = `a JSON value, received ${name}: it needs a codec`
    await expect(cache.define({ name: 'value', ttl: '5m', load: () => value }).get()).rejects.toThrow(
      `Cannot cache "value": "load" must return ${rule}`,
    )
    const deep = {
      rows: [
        { id: 1, of: null },
        { id: 2, of: { content: value } },
      ],
    }
    await expect(cache.define({ name: 'deep', ttl: '5m', load: () => deep }).get()).rejects.toThrow(
      `Cannot cache "deep": "load" must return ${rule}`,
    )
    await expect(cache.set(cache.key('a'), value, { ttl: '5m' })).rejects.toThrow(`Cannot set: "value" must be ${rule}`)
  })

  test('is asked for where an await was forgotten in a value', async () => {
    const load = async () => ({ id: 1, rows: Promise.resolve([1]) })
    await expect(setUp().cache.define({ name: 'rows', ttl: '5m', load }).get()).rejects.toThrow(
      'Cannot cache "rows": "load" must return a JSON value, received Promise: it needs a codec',
    )
  })

  test('is not asked for where an object is empty, whoever made it', async () => {
    const { cache } = setUp()
    const foreign: unknown = runInNewContext('({})')
    const load = () => ({ plain: {}, bare: Object.create(null), foreign, headers: parse(''), list: [], row: new Row() })
    const { body } = await cache.define({ name: 'empty', ttl: '5m', load }).get()
    expect(body).toBe('{"plain":{},"bare":{},"foreign":{},"headers":{},"list":[],"row":{"id":1}}')
  })

  test('is not asked for where a value says itself what it is in JSON, whatever it is made of', async () => {
    class Money {
      readonly parts = new Map([['EUR', 12]])
      toJSON() {
        return [...this.parts]
      }
    }
    const { cache } = setUp()
    const price = cache.define({ name: 'price', ttl: '5m', load: () => ({ price: new Money(), at: new Date(0) }) })
    expect((await price.get()).body).toBe('{"price":[["EUR",12]],"at":"1970-01-01T00:00:00.000Z"}')
  })
})
