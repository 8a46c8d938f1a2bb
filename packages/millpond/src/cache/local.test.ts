import { expect, test, vi } from 'vitest'
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

test('what was read from the store before an invalidation in this process is not kept after it', async () => {
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
  await here.cache.invalidate(['tag'])
  release()
  expect((await early).value).toBe(1)
  expect((await here.value.get()).value).toBe(2)
})
