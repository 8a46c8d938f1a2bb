import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoreUnavailableError } from '../errors.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createCache } from './cache.ts'

function setUp() {
  const clock = createFakeClock()
  const store = memory({ clock })
  let version = 1
  const connect = () => {
    const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5 })
    const load = vi.fn(() => version)
    return { cache, load, value: cache.define({ name: 'value', ttl: '60s', local: '2s', tags: () => ['tag'], load }) }
  }
  const commit = () => {
    version += 1
  }
  return { clock, store, commit, here: connect(), there: connect() }
}

test('a value is read from this process without asking the store', async () => {
  const { store, here } = setUp()
  await here.value.get()
  const read = vi.spyOn(store, 'read')
  expect(await here.value.get()).toMatchObject({ value: 1, status: 'hit', reason: 'local' })
  expect(read).not.toHaveBeenCalled()
})

test('a value from this process says its age and what is left of its TTL', async () => {
  const { clock, here } = setUp()
  const { ttlMs } = await here.value.get()
  await clock.advance(1_500)
  for (const _ of ['found', 'remembered by its input']) {
    expect(await here.value.get()).toMatchObject({ reason: 'local', ageMs: 1_500, ttlMs: ttlMs - 1_500 })
  }
})

test('an invalidation elsewhere is seen after the bound at the latest', async () => {
  const { clock, commit, here, there } = setUp()
  await here.value.get()
  commit()
  await there.cache.invalidate(['tag'])
  expect((await there.value.get()).value).toBe(2)
  await clock.advance(1_999)
  expect(await here.value.get()).toMatchObject({ value: 1, reason: 'local' })
  await clock.advance(1)
  expect(await here.value.get()).toMatchObject({ value: 2, reason: 'fresh' })
})

test('an invalidation or deletion in this process takes effect at once', async () => {
  const { commit, here } = setUp()
  await here.value.get()
  commit()
  await here.cache.invalidate(['tag'])
  expect((await here.value.get()).value).toBe(2)
  commit()
  await here.value.delete()
  expect((await here.value.get()).value).toBe(3)
})

test.each([
  ['an invalidation', ({ cache }: ReturnType<typeof setUp>['here']) => cache.invalidate(['tag'])],
  ['a deletion', ({ value }: ReturnType<typeof setUp>['here']) => value.delete()],
])('what was read from the store before %s in this process is not kept after it', async (_, forget) => {
  const { store, commit, here, there } = setUp()
  await there.value.get()
  const read = store.read
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const spy = vi.spyOn(store, 'read').mockImplementationOnce(async (keys) => {
    const values = await read(keys)
    await held
    return values
  })
  const early = here.value.get()
  await vi.waitFor(() => expect(spy).toHaveBeenCalledTimes(1))
  commit()
  await forget(here)
  release()
  expect((await early).value).toBe(1)
  expect((await here.value.get()).value).toBe(2)
})

test.each([true, false])(
  'an invalidation that is on its way is not answered with what was kept or read before it, frozen: %s',
  async (frozen) => {
    const { clock, store, here } = setUp()
    const load = vi.fn<() => number>().mockReturnValueOnce(1).mockReturnValue(2)
    const local = { for: '2s', frozen } as const
    const value = here.cache.define({ name: 'kept', ttl: '60s', local, input: z.string(), tags: (id) => [id], load })
    for (let turn = 0; turn < 3; turn += 1) await value.get('a')
    let refuse = () => {}
    const renew = vi.spyOn(store, 'renew').mockImplementationOnce(
      () =>
        new Promise((_, reject) => {
          refuse = () => reject(new StoreUnavailableError('away'))
        }),
    )
    const invalidation = here.cache.invalidate(['a'])
    await vi.waitFor(() => expect(renew).toHaveBeenCalledTimes(1))
    expect(await value.get('a')).toMatchObject({ value: 1, reason: 'fresh' })
    refuse()
    expect(await invalidation).toEqual({ delivered: false })
    expect(await value.get('a')).toMatchObject({ value: 2, reason: 'invalidation-pending' })
    await clock.advance(200)
    expect(await value.get('a')).toMatchObject({ value: 2, reason: 'tag-changed' })
    expect(await value.get('a')).toMatchObject({ value: 2, reason: 'local' })
  },
)

function setUpFrozen<Value>(load: (id: string) => Value, frozen = true) {
  const clock = createFakeClock()
  const store = memory({ clock })
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5 })
  const read = vi.spyOn(store, 'read')
  const local = { for: '2s', frozen } as const
  const value = cache.define({ name: 'value', ttl: '60s', local, input: z.string(), tags: (id) => [id], load })
  return { clock, cache, read, value }
}

test('with `frozen` every reader gets one value, deeply frozen, whether it was loaded, read from the store or from memory', async () => {
  const { clock, value } = setUpFrozen((id) => ({ id, list: [{ deep: 1 }] }))
  const loaded = await value.get('a')
  const first = await value.get('a')
  const second = await value.get('a')
  await clock.advance(2_000)
  const stored = await value.get('a')
  expect([loaded, first, second, stored].map(({ reason }) => reason)).toEqual(['absent', 'local', 'local', 'fresh'])
  expect(second.value).toBe(first.value)
  const [, joined] = await Promise.all([value.get('b'), value.get('b')])
  expect([joined.value, joined.value.list[0]].every(Object.isFrozen)).toBe(true)
  for (const { value: each } of [loaded, first, stored]) {
    expect(each).toEqual({ id: 'a', list: [{ deep: 1 }] })
    expect([each, each.list, each.list[0]].every(Object.isFrozen)).toBe(true)
  }
})

test('without `frozen` every reader gets a value of its own', async () => {
  const { value } = setUpFrozen((id) => ({ id }), false)
  await value.get('a')
  const [first, second] = [await value.get('a'), await value.get('a')]
  expect([first.reason, second.reason]).toEqual(['local', 'local'])
  expect(second.value).toEqual(first.value)
  expect(second.value).not.toBe(first.value)
})

test('what was remembered by its input is gone with an invalidation, a deletion and its time', async () => {
  let version = 1
  const { clock, cache, value } = setUpFrozen(() => version)
  const warm = async () => {
    for (let turn = 0; turn < 3; turn += 1) await value.get('a')
    version += 1
  }
  await warm()
  await cache.invalidate(['a'])
  expect((await value.get('a')).value).toBe(2)
  await warm()
  await value.delete('a')
  expect((await value.get('a')).value).toBe(3)
  await warm()
  await clock.advance(2_000)
  expect(await value.get('a')).toMatchObject({ value: 3, reason: 'fresh' })
})

test('0 and -0 are two inputs, also from memory', async () => {
  const cache = createCache({ store: memory(), namespace: 'test' })
  const signed = cache.define({
    name: 'signed',
    ttl: '60s',
    local: '60s',
    input: z.number(),
    load: (id) => (Object.is(id, -0) ? 'minus' : 'plus'),
  })
  for (const [id, value] of [0, -0, 0, -0, 0, -0].map((id, index) => [id, index % 2 ? 'minus' : 'plus'] as const)) {
    expect((await signed.get(id)).value).toBe(value)
  }
})

test('an input that is remembered is served to that input alone', async () => {
  const { value } = setUpFrozen((id) => id)
  for (const id of ['1', 'a', '1', 'a', '1', 'a']) expect((await value.get(id)).value).toBe(id)
  await expect(value.get(1 as unknown as string)).rejects.toMatchObject({ code: 'ERR_INVALID_INPUT' })
})
