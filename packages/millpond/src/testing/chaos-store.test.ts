import { expect, test } from 'vitest'
import { createCache } from '../cache/cache.ts'
import { StoreReplyError, StoreUnavailableError } from '../errors.ts'
import { createKeyring } from '../key.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
import type { Clock } from '../time/clock.ts'
import { type ChaosOptions, createChaos, type Mishap } from './chaos-store.ts'
import { createFakeClock } from './fake-clock.ts'

const keyring = createKeyring({ namespace: 'test', action: 'Cannot test' })
const tag = keyring.tag(await keyring.id('tag'))

test('createChaos() lets each call suffer what its script says, and nothing when that is used up', async () => {
  const clock = createFakeClock()
  const real = memory({ clock })
  const script: Mishap[] = [{ kind: 'none' }, { kind: 'error' }, { kind: 'lost reply' }, { kind: 'half reply' }]
  const { store, calls } = createChaos(real, { script, clock })
  await store.renew([tag], 'abcdef', 60_000)
  await expect(store.renew([tag], 'unheard', 60_000)).rejects.toThrow(StoreUnavailableError)
  expect(await real.read([tag])).toEqual(['abcdef'])
  await expect(store.renew([tag], 'heard!', 60_000)).rejects.toThrow(StoreUnavailableError)
  expect(await store.read([tag])).toEqual(['hea'])
  expect(await store.read([tag])).toEqual(['heard!'])
  expect(calls.map(({ method, mishap }) => `${method}: ${mishap.kind}`)).toEqual([
    'renew: none',
    'renew: error',
    'renew: lost reply',
    'read: half reply',
    'read: none',
  ])
})

test('createChaos() delays a call by the clock, and answers one that hangs never', async () => {
  const clock = createFakeClock()
  const { store } = createChaos(memory({ clock }), { script: [{ kind: 'delay', ms: 30 }, { kind: 'hang' }], clock })
  let [late, hung] = [false, false]
  void store.read([tag]).then(() => {
    late = true
  })
  void store.read([tag]).then(() => {
    hung = true
  })
  await clock.advance(29)
  expect(late).toBe(false)
  await clock.advance(1)
  expect(late).toBe(true)
  await clock.advance(1_000_000)
  expect(hung).toBe(false)
})

test('createChaos() turns a half reply without texts into an error, after the store has carried the call out', async () => {
  const real = memory()
  const { store } = createChaos(real, { script: [{ kind: 'half reply' }] })
  await expect(store.renew([tag], 'version', 60_000)).rejects.toThrow(StoreReplyError)
  expect(await real.read([tag])).toEqual(['version'])
})

test('createChaos() loses a reply after the store has answered, and passes on what the store fails with', async () => {
  const clock = createFakeClock()
  const ran: string[] = []
  const slow = {
    async write() {
      await new Promise<void>((resolve) => clock.after(30, resolve))
      ran.push('write')
    },
    fail: () => Promise.reject(new RangeError('of the store')),
  }
  const { store } = createChaos(slow, { script: [{ kind: 'lost reply' }, { kind: 'lost reply' }, { kind: 'error' }] })
  const lost = store.write().catch((error: unknown) => [...ran, error])
  await clock.advance(30)
  expect(await lost).toEqual([
    'write',
    new StoreUnavailableError('Cannot write: the connection failed (chaos, after it ran)'),
  ])
  await expect(store.fail()).rejects.toThrow(new RangeError('of the store'))
  await expect(store.write()).rejects.toThrow(new StoreUnavailableError('Cannot write: the connection failed (chaos)'))
})

test.each([
  ['abcde', 'ab'],
  [
    ['abcd', null],
    ['ab', null],
  ],
  [['abcd', 1], new StoreReplyError('Cannot ask: the store must answer in full (chaos)')],
  [7, new StoreReplyError('Cannot ask: the store must answer in full (chaos)')],
])('createChaos() halves the reply %j to %j', async (reply, half) => {
  const { store } = createChaos({ ask: async () => reply }, { script: [{ kind: 'half reply' }] })
  expect(await store.ask().catch((error: unknown) => error)).toEqual(half)
})

test('createChaos() leaves alone what is no call to a server', async () => {
  const real = { kind: 'test', atTickEnd: () => 'now', close: () => 'closed', [Symbol.iterator]: () => 'all' }
  const { store, calls } = createChaos(real, { script: [{ kind: 'hang' }] })
  expect([store.kind, store.atTickEnd(), store.close(), store[Symbol.iterator]()]).toEqual([
    'test',
    'now',
    'closed',
    'all',
  ])
  expect(calls).toEqual([])
})

test('createChaos() without options lets nothing befall a call', async () => {
  const { store, calls } = createChaos({ ask: async () => 'answer' })
  expect([await store.ask(), calls]).toEqual(['answer', [{ method: 'ask', mishap: { kind: 'none' } }]])
})

test('createChaos() delays at random by 1 to 50 milliseconds, or as long as is asked, from the seed 1', async () => {
  const play = async (options: ChaosOptions) => {
    const clock: Clock = {
      now: () => 0,
      after(_, fire) {
        fire()
        return () => {}
      },
    }
    const { store, calls } = createChaos({ ask: async () => 1 }, { shares: { delay: 1 }, ...options, clock })
    for (let call = 0; call < 1_000; call += 1) await store.ask()
    return calls.map(({ mishap }) => (mishap.kind === 'delay' ? mishap.ms : 0))
  }
  const delays = await play({})
  expect([...new Set(delays)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  expect(await play({ seed: 1 })).toEqual(delays)
  // Of two numbers of mulberry32 the second: the same mishaps in every version.
  expect(delays.slice(0, 4)).toEqual([1, 50, 15, 37])
  expect(new Set(await play({ maxDelayMs: 2 }))).toEqual(new Set([1, 2]))
})

test('createChaos() delays by the machine’s clock where none is given', async () => {
  const { store } = createChaos({ ask: async () => 1 }, { script: [{ kind: 'delay', ms: 1 }] })
  expect(await store.ask()).toBe(1)
})

test('createChaos() gives the same mishaps for the same seed, in the shares asked for, until it is calmed', async () => {
  const shares = { error: 0.25, 'half reply': 0.25 } as const
  const play = async (seed: number) => {
    const { store, calls, calm } = createChaos(memory(), { seed, shares })
    for (let call = 0; call < 400; call += 1) await store.read([tag]).catch(() => {})
    calm()
    for (let call = 0; call < 20; call += 1) await store.read([tag])
    return calls.map(({ mishap }) => mishap.kind)
  }
  const [first, again, other] = [await play(1), await play(1), await play(2)]
  expect(first).toEqual(again)
  expect(first).not.toEqual(other)
  for (const kind of ['error', 'half reply']) {
    expect(first.filter((each) => each === kind).length).toBeGreaterThan(70)
    expect(first.filter((each) => each === kind).length).toBeLessThan(130)
  }
  expect(first.slice(400)).toEqual(Array(20).fill('none'))
})

test.each([
  [{ error: 1.5 }, 'share "error" must be from 0 to 1, received 1.5'],
  [{ error: -0.1 }, 'share "error" must be from 0 to 1, received -0.1'],
  [{ error: Number.NaN }, 'share "error" must be from 0 to 1, received NaN'],
  [{ error: 0.75, hang: 0.5 }, 'shares must be at most 1 together, received 1.25'],
])('createChaos() refuses the shares %j', (shares, rule) => {
  expect(() => createChaos(memory(), { shares })).toThrow(new RangeError(`Cannot create chaos: ${rule}`))
})

test('createChaos() takes the shares 0 and 1', async () => {
  const { store, calls } = createChaos({ ask: async () => 1 }, { shares: { hang: 0, error: 1 } })
  for (let call = 0; call < 100; call += 1) await expect(store.ask()).rejects.toThrow(StoreUnavailableError)
  expect(calls).toEqual(Array(100).fill({ method: 'ask', mishap: { kind: 'error' } }))
})

test('createChaos() takes shares whose sum is 1 but for what doubles make of it', async () => {
  const shares = { delay: 0.05, error: 0.55, hang: 0.3, 'half reply': 0.1 }
  expect(Object.values(shares).reduce((sum, share) => sum + share)).toBeGreaterThan(1)
  createChaos(memory(), { shares })
})

test('a cache in chaos answers every read with a value that was not invalidated before, and heals', async () => {
  const everything = { delay: 0.1, error: 0.1, hang: 0.05, 'half reply': 0.15, 'lost reply': 0.15 } as const
  for (let seed = 1; seed <= 10; seed += 1) {
    const clock = createFakeClock()
    const real = memory({ clock })
    const { store, calm } = createChaos(real, { seed, shares: everything, clock })
    let database = 0
    const define = (given: typeof store) => {
      const cache = createCache({ store: given, namespace: 'test', clock, lease: '1s' })
      const value = cache.define({ name: 'value', ttl: '1h', tags: () => ['tag'], load: () => database })
      return { cache, value }
    }
    const [chaotic, sound] = [define(store), define(real)]
    /** Lets time pass until it is done. */
    const settled = async <Result>(work: Promise<Result>): Promise<Result> => {
      let done = false
      void work.finally(() => {
        done = true
      })
      for (let turn = 0; turn < 50 && !done; turn += 1) await clock.advance(100)
      return work
    }
    for (let turn = 0; turn < 8; turn += 1) {
      database += 1
      const { delivered } = await settled(chaotic.cache.invalidate(['tag']))
      expect((await settled(chaotic.value.get())).value).toBe(database)
      if (delivered) expect((await settled(sound.value.get())).value).toBe(database)
    }
    calm()
    // Undelivered invalidations arrive, the breaker closes, a lost lease ends.
    await clock.advance(10_000)
    await settled(chaotic.value.get())
    expect((await settled(chaotic.value.get())).status).toBe('hit')
    expect((await settled(sound.value.get())).value).toBe(database)
    chaotic.cache.close()
    sound.cache.close()
  }
})

test('a limiter does not repeat a take whose reply was lost', async () => {
  const clock = createFakeClock()
  const real = memory({ clock })
  const { store } = createChaos(real, { script: [{ kind: 'lost reply' }], clock })
  const limiter = createLimiter({
    store,
    clock,
    policies: { join: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'open' }) },
  })
  expect((await limiter.limit('join', 'alice')).status).toBe('degraded')
  const decision = await limiter.limit('join', 'alice')
  expect(decision).toMatchObject({ status: 'allowed', nearest: { remaining: 1 } })
})
