import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type Cache, type CacheOptions, createCache } from './cache.ts'

type Article = { readonly title: string; readonly authors: readonly string[] }

/** Articles of one origin, read by as many processes as `connect` is called. */
function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const calls: string[] = []
  const origin = new Map<string, Article>([['a1', { title: 'Mills', authors: ['ann'] }]])
  const counted =
    <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
    (...args: Args) => {
      calls.push(name)
      return run(...args)
    }
  const counting = {
    ...store,
    read: counted('read', store.read),
    lease: counted('lease', store.lease),
    versions: counted('versions', store.versions),
    fill: counted('fill', store.fill),
  }
  const load = vi.fn(async (id: string) => origin.get(id) ?? { title: 'none', authors: [] })
  function define(cache: Cache, options: object = {}) {
    return cache.define({
      name: 'article',
      ttl: '5m',
      input: z.string(),
      tags: (id) => [`article:${id}`],
      load,
      valueTags: (article) => article.authors.map((author) => `author:${author}`),
      ...options,
    })
  }
  function connect(options: object = {}, cacheOptions: Partial<CacheOptions> = {}) {
    const cache = createCache({ store: counting, namespace: 'test', clock, random: () => 0.5, ...cacheOptions })
    return { cache, article: define(cache, options) }
  }
  return { clock, store: counting, calls, origin, load, connect }
}

describe('valueTags', () => {
  test('invalidate what names them, in every process, and nothing else', async () => {
    const { connect, load } = setUp()
    const [one, two] = [connect(), connect()]
    await one.article.get('a1')
    await two.cache.invalidate(['author:bob'])
    expect((await two.article.get('a1')).status).toBe('hit')
    await two.cache.invalidate(['author:ann'])
    expect(await one.article.get('a1')).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    await one.cache.invalidate(['article:a1'])
    expect(await two.article.get('a1')).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    expect(load).toHaveBeenCalledTimes(3)
  })

  test('cost a hit one command where the process has seen the entry, and two where it has not', async () => {
    const { connect, calls } = setUp()
    const [one, two] = [connect(), connect()]
    await one.article.get('a1')
    expect(calls.splice(0)).toEqual(['read', 'lease', 'versions', 'fill'])
    await one.article.get('a1')
    expect(calls.splice(0)).toEqual(['read'])
    await two.article.get('a1')
    expect(calls.splice(0)).toEqual(['read', 'read'])
    await two.article.get('a1')
    expect(calls.splice(0)).toEqual(['read'])
    await two.cache.invalidate(['author:ann'])
    await two.article.get('a1')
    expect(calls.splice(0)).toEqual(['read', 'lease', 'fill'])
  })

  test('may be several: a hit still costs one command, and each of them is enough to end it', async () => {
    const { connect, origin, calls } = setUp()
    const { cache, article } = connect()
    const authors = ['ann', 'bob', 'eve']
    origin.set('a1', { title: 'Mills', authors })
    for (const author of authors) {
      await article.get('a1')
      calls.splice(0)
      expect((await article.get('a1')).status).toBe('hit')
      expect(calls).toEqual(['read'])
      await cache.invalidate([`author:${author}`])
      expect(await article.get('a1')).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    }
  })

  test('follow the value: what it no longer names invalidates it no longer, what it names now does', async () => {
    const { connect, origin } = setUp()
    const { cache, article } = connect()
    await article.get('a1')
    origin.set('a1', { title: 'Mills', authors: ['bob'] })
    await cache.invalidate(['author:ann'])
    await article.get('a1')
    await cache.invalidate(['author:ann'])
    expect((await article.get('a1')).status).toBe('hit')
    await cache.invalidate(['author:bob'])
    expect((await article.get('a1')).status).toBe('miss')
  })

  test('take effect at once in the local tier of the process that invalidates, and after the bound elsewhere', async () => {
    const { connect, origin, clock } = setUp()
    const [one, two] = [connect({ local: '2s' }), connect({ local: '2s' })]
    await one.article.get('a1')
    await two.article.get('a1')
    expect((await two.article.get('a1')).reason).toBe('local')
    origin.set('a1', { title: 'new', authors: ['ann'] })
    await one.cache.invalidate(['author:ann'])
    expect((await one.article.get('a1')).value.title).toBe('new')
    await clock.advance(2_000)
    expect((await two.article.get('a1')).value.title).toBe('new')
  })

  test('hold for each of getMany()', async () => {
    const { connect, origin } = setUp()
    const { cache, article } = connect()
    origin.set('a2', { title: 'Ponds', authors: ['bob'] })
    await article.getMany(['a1', 'a2'])
    await cache.invalidate(['author:bob'])
    expect((await article.getMany(['a1', 'a2'])).map(({ status }) => status)).toEqual(['hit', 'miss'])
  })

  test('undelivered, let no entry that names them be served by this process', async () => {
    const { connect, origin, store } = setUp()
    const { cache, article } = connect()
    await article.get('a1')
    origin.set('a1', { title: 'new', authors: ['ann'] })
    const renew = vi.spyOn(store, 'renew').mockRejectedValue(new StoreUnavailableError('away'))
    const failing = connect({}, { store })
    await failing.article.get('a1')
    expect(await failing.cache.invalidate(['author:ann'])).toEqual({ delivered: false })
    expect(await failing.article.get('a1')).toMatchObject({ reason: 'invalidation-pending', value: { title: 'new' } })
    renew.mockRestore()
    cache.close()
    failing.cache.close()
  })

  test('may be none, and that is not the same as a definition without', async () => {
    const { connect, origin, load } = setUp()
    origin.set('a1', { title: 'Mills', authors: [] })
    const without = connect({ valueTags: undefined })
    await without.article.get('a1')
    const { article } = connect()
    expect((await article.explain('a1')).verdict).toBe('miss')
    expect(await article.get('a1')).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    expect((await article.get('a1')).status).toBe('hit')
    expect((await without.article.explain('a1')).verdict).toBe('miss')
    expect(await without.article.get('a1')).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    expect(load).toHaveBeenCalledTimes(3)
  })

  test('that are not non-empty strings are an error of the read, and the lease is given back', async () => {
    const { connect, calls } = setUp()
    const { article } = connect({ valueTags: () => [7] })
    await expect(article.get('a1')).rejects.toThrow(
      'Cannot store "article": each tag must be a non-empty string, received number',
    )
    calls.splice(0)
    await expect(article.get('a1')).rejects.toThrow(TypeError)
    expect(calls).toEqual(['read', 'lease'])
    expect(() => connect({ valueTags: 'author' })).toThrow(
      'Cannot define "article": "valueTags" must be a function, received string',
    )
  })

  test('are shown by explain()', async () => {
    const { connect } = setUp()
    const { cache, article } = connect()
    await article.get('a1')
    expect((await article.explain('a1')).verdict).toBe('hit')
    await cache.invalidate(['author:ann'])
    const { tags, verdict } = await article.explain('a1')
    expect({ tags: tags.map(({ tag, state }) => [tag, state]), verdict }).toEqual({
      tags: [
        ['article:a1', 'same'],
        ['mp:test:t{=author:ann}', 'changed'],
      ],
      verdict: 'miss',
    })
  })

  test('written by a stranger into an entry reach no other key', async () => {
    const { connect, store, calls } = setUp()
    const { article } = connect()
    await article.get('a1')
    const { entryKey, leaseKey } = await article.explain('a1')
    const [text] = await store.read([entryKey as StoreKey])
    for (const named of [';', ';v=a}b', ';v', ';v=x;', ';;', ';v other', `;${'v'.repeat(65)}=x`]) {
      const spoilt = (text ?? '').replace(/;[^|]*\|/, `${named}|`)
      await store.lease({
        entry: entryKey as StoreKey,
        seen: undefined,
        lease: leaseKey as StoreKey,
        token: 't',
        leaseMs: 1_000,
        tags: [],
        nonce: 'n',
        tagTtlMs: 1_000,
        takeOver: true,
      })
      await store.fill({
        entry: entryKey as StoreKey,
        lease: leaseKey as StoreKey,
        token: 't',
        text: spoilt,
        ttlMs: 60_000,
      })
      calls.splice(0)
      const { status } = await article.get('a1')
      expect([named, status]).toEqual([named, named === ';' ? 'hit' : 'miss'])
    }
  })
})
