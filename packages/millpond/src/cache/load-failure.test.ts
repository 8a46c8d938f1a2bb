import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  const connect = () => createCache({ store, namespace: 'test', clock, random: () => 0.5 })
  return { clock, store, connect }
}

describe('a loader that fails', () => {
  test('gives each of many readers in several processes its error, with its cause, and nothing is cached', async () => {
    const { connect, store } = setUp()
    const cause = new Error('connection refused')
    const error = new Error('database away', { cause })
    const load = vi.fn(() => Promise.reject(error))
    const fill = vi.spyOn(store, 'fill')
    const definitions = [connect(), connect()].map((cache) => cache.define({ name: 'value', ttl: '5m', load }))
    const [one, two] = definitions
    const first = await Promise.allSettled(Array.from({ length: 50 }, () => one?.get()))
    expect(new Set(first.map((read) => (read.status === 'rejected' ? read.reason : 'answered')))).toEqual(
      new Set([error]),
    )
    expect(load).toHaveBeenCalledTimes(1)
    await expect(two?.get()).rejects.toBe(error)
    expect(load).toHaveBeenCalledTimes(2)
    expect(error.cause).toBe(cause)
    expect(fill).not.toHaveBeenCalled()
  })

  test('never runs twice at once, however many ask again', async () => {
    const { connect, clock } = setUp()
    let [running, most, loads] = [0, 0, 0]
    const load = async () => {
      running += 1
      loads += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      if (loads < 8) throw new Error('away')
      return 'there'
    }
    const definitions = [connect(), connect(), connect()].map((cache) =>
      cache.define({ name: 'value', ttl: '5m', load }),
    )
    const persist = async (definition: (typeof definitions)[number]) => {
      for (;;) {
        const read = await definition.get().catch(() => undefined)
        if (read) return read.value
      }
    }
    const done = Promise.all(definitions.flatMap((definition) => [1, 2, 3, 4].map(() => persist(definition))))
    let finished = false
    void done.finally(() => {
      finished = true
    })
    while (!finished) await clock.advance(10)
    expect(new Set(await done)).toEqual(new Set(['there']))
    expect([most, loads]).toEqual([1, 8])
  })

  test('in a batch, fails each of its inputs, and another batch goes on', async () => {
    const { connect, clock } = setUp()
    const error = new Error('away')
    const loadMany = vi.fn(async (ids: readonly number[]) => {
      if (ids.includes(1)) throw error
      return ids.map(String)
    })
    const value = connect().define({ name: 'value', ttl: '5m', input: z.int(), loadMany })
    const ask = async (ids: number[]) => {
      const reads = Promise.allSettled(ids.map(value.get))
      await vi.waitFor(async () => {
        await clock.advance(1)
        expect(loadMany).toHaveBeenCalledWith(ids, expect.anything())
      })
      return (await reads).map((read) => (read.status === 'fulfilled' ? read.value.value : read.reason))
    }
    expect(await ask([1, 2])).toEqual([error, error])
    expect(await ask([2, 3])).toEqual(['2', '3'])
  })

  test.each([
    ['nothing', undefined, 'a JSON value, received undefined'],
    ['a function', () => 1, 'a JSON value, received function'],
    ['a bigint', 1n, 'a JSON value'],
    ['a cycle', toCycle(), 'a JSON value'],
  ])('to return a value and returns %s is an error that says so', async (_, value, rule) => {
    const { connect } = setUp()
    const definition = connect().define({ name: 'value', ttl: '5m', load: () => value as never })
    await expect(definition.get()).rejects.toThrow(`Cannot cache "value": "load" must return ${rule}`)
  })
})

test('close() aborts the signal of the loads that run', async () => {
  const { connect } = setUp()
  const cache = connect()
  const signals: AbortSignal[] = []
  const load = (_: undefined, { signal }: { signal: AbortSignal }) => {
    signals.push(signal)
    return new Promise<string>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const plain = cache.define({ name: 'plain', ttl: '5m', load }).get()
  const bounded = cache.define({ name: 'bounded', ttl: '5m', hardTimeout: '1m', load }).get()
  await vi.waitFor(() => expect(signals.length).toBe(2))
  cache.close()
  expect((await Promise.allSettled([plain, bounded])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
})

test('createCache() makes no signal until a load needs one, and an aborted one for a load after close()', async () => {
  const { AbortController } = globalThis
  let made = 0
  vi.stubGlobal(
    'AbortController',
    class extends AbortController {
      constructor() {
        super()
        made += 1
      }
    },
  )
  try {
    const cache = setUp().connect()
    cache.close()
    const late = cache.define({ name: 'late', ttl: '5m', load: (_, { signal }) => signal.aborted })
    expect(made).toBe(0)
    expect(await late.get()).toMatchObject({ value: true })
    expect(made).toBe(1)
  } finally {
    vi.unstubAllGlobals()
  }
})

function toCycle(): object {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}
