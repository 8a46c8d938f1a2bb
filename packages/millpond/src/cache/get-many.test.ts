import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { memory } from '../stores/memory/index.ts'
import { createCache } from './cache.ts'

function setUp(loadMany: (ids: readonly number[]) => Promise<readonly string[]>) {
  const cache = createCache({ store: memory(), namespace: 'test' })
  const spy = vi.fn(loadMany)
  const name = cache.define({ name: 'name', ttl: '5m', input: z.int(), tags: (id) => [`user:${id}`], loadMany: spy })
  return { cache, name, spy }
}

const toName = (id: number) => `user ${id}`

test('getMany() loads what is missing with one call, and answers in the order asked', async () => {
  const { name, spy } = setUp(async (ids) => ids.map(toName))
  await name.get(2)
  const results = await name.getMany([3, 2, 1, 3])
  expect(results.map(({ value, status }) => [value, status])).toEqual([
    ['user 3', 'miss'],
    ['user 2', 'hit'],
    ['user 1', 'miss'],
    ['user 3', 'miss'],
  ])
  expect(spy.mock.calls.map(([ids]) => ids)).toEqual([[2], [3, 1]])
})

test('getMany() loads at most a hundred at a time', async () => {
  const { name, spy } = setUp(async (ids) => ids.map(toName))
  const ids = Array.from({ length: 250 }, (_, id) => id)
  expect((await name.getMany(ids)).map(({ value }) => value)).toEqual(ids.map(toName))
  expect(spy.mock.calls.map(([batch]) => batch.length)).toEqual([100, 100, 50])
})

test('getMany() rejects when the call fails, and caches nothing of it', async () => {
  const { cache, name } = setUp(
    vi
      .fn()
      .mockRejectedValueOnce(new Error('away'))
      .mockImplementation(async (ids: number[]) => ids.map(toName)),
  )
  await expect(name.getMany([1, 2])).rejects.toThrow('away')
  expect((await name.getMany([1, 2])).map(({ status }) => status)).toEqual(['miss', 'miss'])
  expect(cache.counters().fills).toBe(2)
})

test('getMany() rejects when the call does not give one value for each input', async () => {
  const tooMany = setUp(async () => ['one', 'two', 'three'])
  await expect(tooMany.name.getMany([1, 2])).rejects.toThrow('one value for each of 2 inputs, received 3')
  const { name } = setUp(async () => ['only one'])
  await expect(name.getMany([1, 2])).rejects.toThrow(
    'Cannot cache "name": "load" must return one value for each of 2 inputs, received 1',
  )
})

test('getMany() aborts the signal of the call when the cache closes, whatever the number of inputs, and none before', async () => {
  const signals: AbortSignal[] = []
  const cache = createCache({ store: memory(), namespace: 'test' })
  const name = cache.define({
    name: 'name',
    ttl: '5m',
    input: z.int(),
    loadMany(ids, { signal }) {
      signals.push(signal)
      const aborted = new Promise<string[]>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
      return ids.includes(1) ? Promise.resolve(ids.map(toName)) : aborted
    },
  })
  await name.getMany([1, 2])
  const reads = name.getMany([3, 4, 5])
  await vi.waitFor(() => expect(signals.length).toBe(2))
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
  cache.close()
  await expect(reads).rejects.toMatchObject({ name: 'AbortError' })
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
})

test.each([undefined, '1m'] as const)(
  'many loads leave nothing on a signal that outlives them, hard timeout %s',
  async (hardTimeout) => {
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener')
    const any = vi.spyOn(AbortSignal, 'any')
    const seen = new Set<AbortSignal>()
    const cache = createCache({ store: memory(), namespace: 'test' })
    const options = { ttl: '5m', input: z.int(), ...(hardTimeout && { hardTimeout }) } as const
    const many = cache.define({
      ...options,
      name: 'many',
      async loadMany(ids, { signal }) {
        seen.add(signal)
        return ids.map(toName)
      },
    })
    const one = cache.define({
      ...options,
      name: 'one',
      load: async (id, { signal }) => seen.add(signal) && toName(id),
    })
    for (const first of [0, 10, 20]) await many.getMany([first, first + 1, first + 2])
    await Promise.all([0, 1, 2].map(one.get))
    // One for each call of a loader, and no listener of one on the signal of another.
    expect(seen.size).toBe(6)
    const signals = added.mock.contexts as unknown as AbortSignal[]
    expect(new Set(signals).size).toBe(signals.length)
    expect(any).not.toHaveBeenCalled()
    vi.restoreAllMocks()
  },
)
