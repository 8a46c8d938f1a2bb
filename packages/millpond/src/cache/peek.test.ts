import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { disabled } from '../stores/disabled.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { type CacheOptions, createCache } from './cache.ts'

function setUp(options: Partial<CacheOptions> = {}) {
  const clock = createFakeClock()
  const memoryStore = memory({ clock })
  const calls: string[] = []
  const counted =
    <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
    (...args: Args) => {
      calls.push(name)
      return run(...args)
    }
  const store = {
    ...memoryStore,
    read: counted('read', memoryStore.read),
    lease: counted('lease', memoryStore.lease),
    fill: counted('fill', memoryStore.fill),
  }
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5, ...options })
  const load = vi.fn((user: string) => `hello ${user}`)
  const greeting = cache.define({
    name: 'greeting',
    ttl: '5m',
    staleFor: '5m',
    input: z.string(),
    tags: (user) => [`user:${user}`],
    load,
  })
  return { clock, store, calls, cache, load, greeting }
}

describe('peek()', () => {
  test('neither loads nor takes a lease nor counts as a read when nothing is there and it is dropped', async () => {
    const { greeting, calls, cache, load } = setUp()
    expect(await greeting.peek('alice')).toMatchObject({ status: 'nothing' })
    expect(calls).toEqual(['read'])
    expect(load).not.toHaveBeenCalled()
    expect(cache.counters()).toMatchObject({ hits: 0, misses: 0, loads: 0 })
  })

  test('hands what it found to get(), which loads without looking again', async () => {
    const { greeting, calls, cache } = setUp()
    const peek = await greeting.peek('alice')
    expect(await peek.get()).toMatchObject({ status: 'miss', reason: 'absent', value: 'hello alice' })
    expect(calls).toEqual(['read', 'lease', 'fill'])
    const next = await greeting.peek('alice')
    expect(next.status).toBe('hit')
    expect(await next.get()).toMatchObject({ status: 'hit', value: 'hello alice' })
    expect(calls).toEqual(['read', 'lease', 'fill', 'read'])
    expect(cache.counters()).toMatchObject({ hits: 1, misses: 1, loads: 1 })
  })

  test('does not refresh a stale value when it is dropped, and does when it is taken', async () => {
    const { greeting, load, clock } = setUp()
    await greeting.get('alice')
    await clock.advance(301_000)
    expect((await greeting.peek('alice')).status).toBe('stale')
    await clock.advance(0)
    expect(load).toHaveBeenCalledTimes(1)
    expect(await (await greeting.peek('alice')).get()).toMatchObject({ status: 'stale', reason: 'revalidating' })
    await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(2))
  })

  test('loads once when several of one moment found nothing, or one is taken twice', async () => {
    const { greeting, load } = setUp()
    const [first, second] = await Promise.all([greeting.peek('alice'), greeting.peek('alice')])
    const results = await Promise.all([first.get(), second.get(), first.get()])
    expect(results.map(({ value }) => value)).toEqual(['hello alice', 'hello alice', 'hello alice'])
    expect((await first.get()).value).toBe('hello alice')
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('loads anew when the tag was invalidated between the look and the load', async () => {
    const { greeting, cache, load } = setUp()
    await greeting.get('alice')
    await cache.invalidate(['user:alice'])
    const peek = await greeting.peek('alice')
    await cache.invalidate(['user:alice'])
    expect(await peek.get()).toMatchObject({ status: 'miss', reason: 'tag-changed' })
    expect((await greeting.get('alice')).status).toBe('hit')
    expect(load).toHaveBeenCalledTimes(2)
  })

  test('finds nothing where the cache is switched off, and get() goes to the loader', async () => {
    const { greeting } = setUp({ store: disabled() })
    const peek = await greeting.peek('alice')
    expect(peek.status).toBe('nothing')
    expect(await peek.get()).toMatchObject({ status: 'bypass', reason: 'disabled', value: 'hello alice' })
  })

  test('rejects for an input that its schema rejects', async () => {
    const { greeting } = setUp()
    await expect(greeting.peek(7 as never)).rejects.toThrow('greeting')
  })
})
