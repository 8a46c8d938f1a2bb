import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { StoreKey } from '../key.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

type Article = { readonly title: string; readonly authors: readonly string[] }

/** Articles of one origin, read by as many processes as `connect` is called; a load waits while it is held. */
function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const touched = new Set<StoreKey>()
  const read = (keys: readonly StoreKey[]) => {
    for (const key of keys) touched.add(key)
    return store.read(keys)
  }
  const origin = new Map<string, Article>([['a1', { title: 'Mills', authors: ['ann'] }]])
  const held: (() => void)[] = []
  let holding = false
  const load = vi.fn(async (id: string) => {
    const found = origin.get(id) ?? { title: 'none', authors: [] }
    if (holding) await new Promise<void>((go) => void held.push(go))
    return found
  })
  function connect(options: object = {}) {
    const cache = createCache({ store: { ...store, read }, namespace: 'test', clock, random: () => 0.5 })
    const article = cache.define({
      name: 'article',
      ttl: '5m',
      input: z.string(),
      tags: (id) => [`article:${id}`],
      load,
      valueTags: ({ authors }) => authors.map((author) => `author:${author}`),
      ...options,
    })
    return { cache, article }
  }
  return {
    clock,
    origin,
    load,
    connect,
    hold: () => {
      holding = true
    },
    letGo: () => {
      holding = false
      for (const go of held.splice(0)) go()
    },
    loading: (times: number) => vi.waitFor(() => expect(held.length).toBe(times)),
    evict: (pattern: RegExp) => store.remove([...touched].filter((key) => pattern.test(key))),
  }
}

describe('valueTags, while a load is under way,', () => {
  test('hold against a load that was under way and names them only afterwards', async () => {
    const { connect, origin, hold, letGo, loading } = setUp()
    const [one, two] = [connect(), connect()]
    hold()
    const before = one.article.get('a1')
    await loading(1)
    origin.set('a1', { title: 'Mills, revised', authors: ['ann'] })
    await two.cache.invalidate(['author:ann'])
    letGo()
    expect((await before).value.title).toBe('Mills')
    expect(one.cache.counters()).toMatchObject({ fills: 0, fillsRefused: 1 })
    expect(await two.article.get('a1')).toMatchObject({ status: 'miss', value: { title: 'Mills, revised' } })
    expect((await one.article.get('a1')).value.title).toBe('Mills, revised')
  })

  test('hold for a read that begins during the load: it does not join it', async () => {
    const { connect, origin, hold, letGo, loading } = setUp()
    const { cache, article } = connect()
    hold()
    const before = article.get('a1')
    await loading(1)
    origin.set('a1', { title: 'Mills, revised', authors: ['ann'] })
    await cache.invalidate(['author:ann'])
    const after = article.get('a1')
    letGo()
    expect((await before).value.title).toBe('Mills')
    expect((await after).value.title).toBe('Mills, revised')
  })

  test('let a read that begins during the load join it when nothing was invalidated', async () => {
    const { connect, hold, letGo, loading, load } = setUp()
    const { article } = connect()
    hold()
    const before = article.get('a1')
    await loading(1)
    const after = article.get('a1')
    await new Promise((resolve) => setImmediate(resolve))
    letGo()
    expect((await Promise.all([before, after])).map(({ value }) => value.title)).toEqual(['Mills', 'Mills'])
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('known beforehand, let an invalidation of something else pass during a load', async () => {
    const { connect, hold, letGo, loading, clock } = setUp()
    const { cache, article } = connect()
    await article.get('a1')
    await clock.advance(301_000)
    hold()
    const reading = article.get('a1')
    await loading(1)
    await cache.invalidate(['author:bob'])
    letGo()
    expect((await reading).status).toBe('miss')
    expect((await article.get('a1')).status).toBe('hit')
  })

  test('not known beforehand, are not stored when something else was invalidated during the load, but the next time', async () => {
    const { connect, hold, letGo, loading } = setUp()
    const { cache, article } = connect()
    hold()
    const reading = article.get('a1')
    await loading(1)
    await cache.invalidate(['author:bob'])
    letGo()
    expect(await reading).toMatchObject({ status: 'miss', ttlMs: 0 })
    hold()
    const again = article.get('a1')
    await loading(1)
    await cache.invalidate(['author:bob'])
    letGo()
    expect(await again).toMatchObject({ status: 'miss', reason: 'absent' })
    expect((await article.get('a1')).status).toBe('hit')
  })

  test.each([
    ['the epoch', /epoch/],
    ['the version of the tag', /author/],
    ['everything', /./],
  ])('hold when %s is evicted during the load, after it, or both', async (_, evicted) => {
    const { connect, origin, hold, letGo, loading, evict } = setUp()
    const [one, two] = [connect(), connect()]
    for (const [author, when] of ['during', 'after', 'both'].entries()) {
      const id = `a${author}`
      origin.set(id, { title: 'old', authors: [`author${author}`] })
      hold()
      const before = one.article.get(id)
      await loading(1)
      origin.set(id, { title: 'new', authors: [`author${author}`] })
      await two.cache.invalidate([`author:author${author}`])
      if (when !== 'after') await evict(evicted)
      letGo()
      await before
      if (when !== 'during') await evict(evicted)
      expect((await two.article.get(id)).value.title).toBe('new')
      expect((await one.article.get(id)).value.title).toBe('new')
    }
  })

  test('hold against a refresh in the background', async () => {
    const { connect, origin, clock, hold, letGo, loading } = setUp()
    const { cache, article } = connect({ staleFor: '5m' })
    await article.get('a1')
    await clock.advance(301_000)
    hold()
    expect((await article.get('a1')).status).toBe('stale')
    await loading(1)
    origin.set('a1', { title: 'new', authors: ['ann'] })
    await cache.invalidate(['author:ann'])
    const after = article.get('a1')
    letGo()
    expect((await after).value.title).toBe('new')
    expect((await article.get('a1')).value.title).toBe('new')
  })
})
