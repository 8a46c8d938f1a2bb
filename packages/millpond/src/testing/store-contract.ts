import type { LeaseRequest } from '../cache/cache-store.ts'
import { createKeyring, createNonce, type StoreKey } from '../key.ts'
import { ALGORITHMS, type LimitCheck } from '../limit/limit-store.ts'
import type { Store } from '../stores/store.ts'
import { systemClock } from '../time/clock.ts'

/** What a case is given: the store, keys of its own, and a way to let the store's time pass. */
export interface ContractContext {
  readonly store: Store
  readonly key: (kind: 'entry' | 'lease' | 'tag', name: string) => Promise<StoreKey>
  readonly limitKey: (policy: string, identity: string) => Promise<StoreKey>
  /** Lets at least `ms` milliseconds of the store's clock pass. */
  readonly pass: (ms: number) => Promise<void>
}

/** One promise that every store keeps. Rejects when it does not. */
export interface ContractCase {
  readonly name: string
  run(context: ContractContext): Promise<void>
}

/** Creates the context of a case: keys in a namespace of its own, so that cases may share a database. */
export function createContractContext(store: Store, pass: ContractContext['pass']): ContractContext {
  const namespace = `contract.${createNonce().replaceAll(/[^A-Za-z0-9]/g, '.')}`
  const keyring = createKeyring({ namespace, action: 'Cannot run the contract' })
  return {
    store,
    pass,
    async key(kind, name) {
      const id = await keyring.id(name)
      return kind === 'tag' ? keyring.tag(id) : keyring[kind]('case', id)
    },
    limitKey: async (policy, identity) => keyring.limit(policy, await keyring.id(identity)),
  }
}

/** The contract that `createCache` and `createLimiter` rely on, as data: loop over it in any test runner. */
export const storeContract: readonly ContractCase[] = [
  {
    name: 'read() gives null for a key that is absent',
    async run({ store, key }) {
      equal(await store.read([await key('entry', 'absent'), await key('tag', 'absent')]), [null, null])
    },
  },
  {
    name: 'read() gives the values in the order of the keys, a key named twice twice',
    async run({ store, key }) {
      const [a, b] = [await key('tag', 'a'), await key('tag', 'b')]
      await store.renew([a], 'one', 60_000)
      await store.renew([b], 'two', 60_000)
      equal(await Promise.all([store.read([b, a, b]), store.read([a])]), [['two', 'one', 'two'], ['one']])
    },
  },
  {
    name: 'fill() writes while the lease holds the token, and drops the lease',
    async run(context) {
      const { store, key } = context
      const [entry, lease] = [await key('entry', 'x'), await key('lease', 'x')]
      equal(await store.lease(await leaseRequest(context, 'x', 'token')), { kind: 'granted', versions: [] })
      equal(await store.fill({ entry, lease, token: 'token', text: TEXT, ttlMs: 60_000 }), true)
      equal(await store.read([entry, lease]), [TEXT, null])
    },
  },
  {
    name: 'fill() changes nothing when the lease is gone, or holds another token',
    async run(context) {
      const { store, key } = context
      const [entry, lease] = [await key('entry', 'x'), await key('lease', 'x')]
      const fill = { entry, lease, token: 'mine', text: TEXT, ttlMs: 60_000 }
      equal(await store.fill(fill), false)
      await store.lease(await leaseRequest(context, 'x', 'other'))
      equal(await store.fill(fill), false)
      equal(await store.read([entry, lease]), [null, 'other'])
    },
  },
  {
    name: 'remove() of entry and lease refuses the fill that began before it',
    async run(context) {
      const { store, key } = context
      const [entry, lease] = [await key('entry', 'x'), await key('lease', 'x')]
      await store.lease(await leaseRequest(context, 'x', 'mine'))
      await store.remove([entry, lease])
      equal(await store.fill({ entry, lease, token: 'mine', text: TEXT, ttlMs: 60_000 }), false)
      equal(await store.read([entry]), [null])
    },
  },
  {
    name: 'lease() refuses while another holds it, and grants after release() by the holder alone',
    async run(context) {
      const { store, key } = context
      const lease = await key('lease', 'x')
      await store.lease(await leaseRequest(context, 'x', 'first'))
      equal((await store.lease(await leaseRequest(context, 'x', 'second'))).kind, 'held')
      await store.release(lease, 'second')
      equal((await store.lease(await leaseRequest(context, 'x', 'second'))).kind, 'held')
      await store.release(lease, 'first')
      equal(await store.lease(await leaseRequest(context, 'x', 'second')), { kind: 'granted', versions: [] })
    },
  },
  {
    name: 'lease() grants when the holder’s time is over, and at once when told to take over',
    async run(context) {
      const { store } = context
      await store.lease(await leaseRequest(context, 'x', 'dead', { leaseMs: 30 }))
      await context.pass(31)
      equal(await store.lease(await leaseRequest(context, 'x', 'next')), { kind: 'granted', versions: [] })
      equal(await store.lease(await leaseRequest(context, 'x', 'last', { takeOver: true })), {
        kind: 'granted',
        versions: [],
      })
    },
  },
  {
    name: 'lease() reads the versions of the tags and creates those that are missing',
    async run(context) {
      const { store, key } = context
      const tags = [await key('tag', 'known'), await key('tag', 'missing')]
      await store.renew(tags.slice(0, 1), 'v1', 60_000)
      const grant = await store.lease(await leaseRequest(context, 'x', 'mine', { tags, nonce: 'fresh' }))
      equal(grant, { kind: 'granted', versions: ['v1', 'fresh'] })
      equal(await store.read(tags), ['v1', 'fresh'])
    },
  },
  {
    name: 'lease() refuses when the entry is not the one that was seen',
    async run(context) {
      const { store, key } = context
      const [entry, lease] = [await key('entry', 'x'), await key('lease', 'x')]
      const ask = async (seen: string) => (await store.lease(await leaseRequest(context, 'x', 'mine', { seen }))).kind
      equal(await ask('m1|1|'), 'changed')
      equal(await ask(''), 'granted')
      await store.fill({ entry, lease, token: 'mine', text: TEXT, ttlMs: 60_000 })
      equal(await ask(''), 'changed')
      equal(await ask('m1|1|b'), 'changed')
      equal(await ask('m1|1|a'), 'granted')
    },
  },
  {
    name: 'lease() and versions() overwrite what is not a version',
    async run(context) {
      const { store, key } = context
      for (const text of ['', 'a|b', 'a,b', 'a;b', '{"a":1}', 'x'.repeat(65)]) {
        const tags = [await key('tag', 'spoilt')]
        await store.renew(tags, text, 60_000)
        const grant = await store.lease(
          await leaseRequest(context, 'x', 'mine', { tags, nonce: 'leased', takeOver: true }),
        )
        equal([text, grant], [text, { kind: 'granted', versions: ['leased'] }])
        await store.renew(tags, text, 60_000)
        equal([text, await store.versions(tags, 'asked', 60_000)], [text, ['asked']])
      }
    },
  },
  {
    name: 'versions() reads the versions of the tags and creates those that are missing',
    async run({ store, key }) {
      const tags = await Promise.all(['missing', 'known', 'last'].map((name) => key('tag', name)))
      await store.renew(tags.slice(1), 'v1', 60_000)
      equal(await store.versions(tags, 'fresh', 60_000), ['fresh', 'v1', 'v1'])
      equal(await store.read(tags), ['fresh', 'v1', 'v1'])
    },
  },
  {
    name: 'lease() and versions() never shorten how long a version lives, and lengthen it',
    async run(context) {
      const { store, key } = context
      const tags = [await key('tag', 'long'), await key('tag', 'short')]
      await store.renew(tags.slice(0, 1), 'v1', 60_000)
      await store.renew(tags.slice(1), 'v2', 1_000)
      await store.versions(tags, 'asked', 10)
      await store.lease(await leaseRequest(context, 'x', 'mine', { tags, tagTtlMs: 10 }))
      await store.versions(tags.slice(1), 'asked', 60_000)
      await context.pass(1_001)
      equal(await store.read(tags), ['v1', 'v2'])
    },
  },
  {
    name: 'renew() changes the version of every tag',
    async run({ store, key }) {
      const tags = await Promise.all(['a', 'b', 'c'].map((name) => key('tag', name)))
      await store.renew(tags, 'v1', 60_000)
      await store.renew(tags, 'v2', 60_000)
      equal(await store.read(tags), ['v2', 'v2', 'v2'])
    },
  },
  {
    name: 'scan() gives every key that matches, and no other, in as many steps as it takes',
    async run({ store, key }) {
      if (!store.scan) return
      const names = Array.from({ length: 40 }, (_, index) => `name ${index}`)
      const tags = await Promise.all([...names, 'other'].map((name) => key('tag', name)))
      await store.renew(tags, 'v1', 60_000)
      const match = `${tags[0]?.slice(0, tags[0].indexOf('name'))}name*?}`
      const found = new Set<string>()
      let cursor = '0'
      do {
        const step = await store.scan(match, cursor)
        for (const text of step.keys) found.add(text)
        cursor = step.cursor
      } while (cursor !== '0')
      equal([...found].sort(), tags.slice(0, -1).sort())
    },
  },
  {
    name: 'an entry and a tag version are gone when their TTL has passed',
    async run(context) {
      const { store, key } = context
      const [entry, lease, tag] = [await key('entry', 'x'), await key('lease', 'x'), await key('tag', 'x')]
      await store.lease(await leaseRequest(context, 'x', 'mine'))
      await store.fill({ entry, lease, token: 'mine', text: TEXT, ttlMs: 30 })
      await store.renew([tag], 'v1', 30)
      await context.pass(31)
      equal(await store.read([entry, tag]), [null, null])
    },
  },
  {
    name: 'take() admits up to the limit and then says when the next passes',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 2 })
      equal(await allowed(store.take([check])), [true])
      equal(
        (await store.take([check])).map(({ remaining }) => remaining),
        [0],
      )
      const [refused] = await store.take([check])
      equal(refused?.allowed, false)
      ok(
        refused !== undefined && refused.retryAfterMs > 0 && refused.retryAfterMs <= 60_000,
        'retryAfterMs lies within the window',
      )
    },
  },
  {
    name: 'take() takes all or nothing',
    async run(context) {
      const { store } = context
      const wide = await slidingCheck(context, 'wide', 'alice', { limit: 10 })
      const narrow = await fixedCheck(context, 'narrow', 'alice', { limit: 1 })
      equal(await allowed(store.take([wide, narrow])), [true, true])
      equal(await allowed(store.take([wide, narrow])), [true, false])
      equal(
        (await store.take([{ ...wide, cost: 0 }])).map(({ remaining }) => remaining),
        [9],
      )
    },
  },
  {
    name: 'take() counts cost, and says that a cost above the limit never passes',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 3 })
      const never = await store.take([{ ...check, cost: 4 }])
      equal(never, [{ allowed: false, remaining: 3, resetMs: 0, retryAfterMs: Number.POSITIVE_INFINITY }])
      equal(await allowed(store.take([{ ...check, cost: 2 }])), [true])
      equal(await allowed(store.take([{ ...check, cost: 2 }])), [false])
      equal(await allowed(store.take([{ ...check, cost: 1 }])), [true])
    },
  },
  {
    name: 'take() passes again when the time it named has passed',
    run: (context) =>
      withinWindow(200, async (windowMs) => {
        const { store } = context
        const check = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 1, windowMs })
        await store.take([check])
        const [refused] = await store.take([check])
        await context.pass(refused?.retryAfterMs ?? 0)
        equal(await allowed(store.take([check])), [true])
      }),
  },
  {
    name: 'take() of many at once admits exactly the limit',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 7 })
      const verdicts = await Promise.all(Array.from({ length: 40 }, () => store.take([check])))
      equal(verdicts.filter(([verdict]) => verdict?.allowed).length, 7)
    },
  },
  {
    name: 'take() of a token bucket admits a burst and then what flows back',
    run: (context) =>
      withinWindow(300, async (windowMs) => {
        const { store } = context
        const check = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 3, windowMs })
        const bucket: LimitCheck = { ...check, refill: 3, algorithm: 'token-bucket' }
        equal(await allowed(store.take([{ ...bucket, cost: 3 }])), [true])
        const [refused] = await store.take([bucket])
        equal(refused?.allowed, false)
        await context.pass(refused?.retryAfterMs ?? 0)
        equal(await allowed(store.take([bucket])), [true])
      }),
  },
  {
    name: 'take() lets a shadow refuse without consequence, and takes from it otherwise',
    async run(context) {
      const { store } = context
      const wide = await slidingCheck(context, 'wide', 'alice', { limit: 10 })
      const shadow = { ...(await slidingCheck(context, 'shadow', 'alice', { limit: 1 })), shadow: true }
      equal(await allowed(store.take([wide, shadow])), [true, true])
      equal(await allowed(store.take([wide, shadow])), [true, false])
      equal(await remaining(store.peek([wide, shadow])), [8, 0])
    },
  },
  {
    name: 'peek() says what a take would, and takes nothing',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 2, cost: 2 })
      equal(await allowed(store.peek([check])), [true])
      equal(await remaining(store.peek([check])), [2])
      await store.take([check])
      equal(await allowed(store.peek([check])), [false])
    },
  },
  {
    name: 'charge() takes what fits',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 5, cost: 3 })
      equal([await store.charge([check]), await store.charge([check]), await store.charge([check])], [[3], [2], [0]])
    },
  },
  {
    name: 'refund() of what was taken before a reset gives back nothing of what was taken after it',
    async run(context) {
      const { store } = context
      for (const algorithm of ALGORITHMS) {
        const check: LimitCheck = {
          ...(await slidingCheck(context, algorithm, 'bob', { limit: 5, cost: 3 })),
          algorithm,
          permit: 'permit-1',
          refill: 1,
        }
        const [verdict] = await store.take([check])
        await store.reset([check.key])
        // Marks are no finer than the store's clock.
        await context.pass(2)
        await store.take([{ ...check, permit: 'permit-2' }])
        equal([algorithm, await store.refund([{ ...check, mark: verdict?.mark ?? '' }])], [algorithm, [0]])
        equal(await remaining(store.peek([check])), [2])
      }
    },
  },
  {
    name: 'refund() gives back what a take took, once',
    async run(context) {
      const { store } = context
      for (const algorithm of ALGORITHMS) {
        const check: LimitCheck = {
          ...(await slidingCheck(context, algorithm, 'alice', { limit: 5, cost: 3 })),
          algorithm,
          permit: 'permit-1',
          // So slow that nothing flows back while the case runs.
          refill: 1,
        }
        const [verdict] = await store.take([check])
        const mark = { ...check, mark: verdict?.mark ?? '' }
        equal([algorithm, await store.refund([mark]), await store.refund([mark])], [algorithm, [3], [0]])
        equal(await remaining(store.peek([check])), [5])
      }
    },
  },
  {
    name: 'refund() of many takes at once gives back each',
    async run(context) {
      const { store } = context
      const checks = await Promise.all(
        ['alice', 'bob', 'carol'].map((identity) => slidingCheck(context, 'p', identity, { limit: 5 })),
      )
      const takes = [...checks, ...checks]
      const verdicts = await Promise.all(takes.map((check) => store.take([check])))
      const marks = takes.map((check, index) => ({ ...check, mark: verdicts[index]?.[0]?.mark ?? '' }))
      equal(await Promise.all(marks.map((mark) => store.refund([mark]))), [[1], [1], [1], [1], [1], [1]])
      equal(await remaining(store.peek(checks)), [5, 5, 5])
    },
  },
  {
    name: 'prolong() lets permits live on, and says when they have ended',
    run: (context) =>
      withinWindow(600, async (windowMs) => {
        const { store } = context
        const base = await slidingCheck(context, 'p', `alice-${windowMs}`, { limit: 1, windowMs })
        const check: LimitCheck = { ...base, algorithm: 'concurrency', permit: 'permit-1' }
        const mark = { ...check, mark: 'permit-1' }
        equal(await allowed(store.take([check])), [true])
        await context.pass(windowMs / 2)
        equal(await store.prolong([mark]), [1])
        await context.pass((windowMs * 2) / 3)
        equal(await allowed(store.take([{ ...check, permit: 'permit-2' }])), [false])
        await context.pass(windowMs + 1)
        equal(await store.prolong([mark]), [0])
        equal(await allowed(store.take([{ ...check, permit: 'permit-2' }])), [true])
      }),
  },
  {
    name: 'reset() forgets',
    async run(context) {
      const { store } = context
      const check = await slidingCheck(context, 'p', 'alice', { limit: 1 })
      await store.take([check])
      await store.reset([check.key])
      equal(await allowed(store.take([check])), [true])
    },
  },
  {
    name: 'ping() resolves',
    run: ({ store }) => store.ping(),
  },
]

/**
 * Runs what must be over within a window. On a busy machine it may not be: what then fails proves nothing, and is tried again with a longer window. A store that is wrong fails with each.
 */
async function withinWindow(windowMs: number, run: (windowMs: number) => Promise<void>): Promise<void> {
  for (const longer of [windowMs, windowMs * 4]) {
    const began = systemClock.now()
    try {
      return await run(longer)
    } catch (error) {
      if (systemClock.now() - began < longer) throw error
    }
  }
  await run(windowMs * 16)
}

/** Separators of the entry format, quotes, a line break, and characters of two, three and four bytes. */
const TEXT = 'm1|1|a|b|c||{"text":"a|b,\\n \u00e9 \u4f60 \u{1f30a}"}'

async function leaseRequest(
  { key }: ContractContext,
  name: string,
  token: string,
  options: Partial<LeaseRequest> = {},
): Promise<LeaseRequest> {
  return {
    entry: await key('entry', name),
    seen: undefined,
    lease: await key('lease', name),
    token,
    leaseMs: 60_000,
    tags: [],
    nonce: 'nonce',
    tagTtlMs: 60_000,
    takeOver: false,
    ...options,
  }
}

async function slidingCheck(
  context: ContractContext,
  policy: string,
  identity: string,
  options: Partial<LimitCheck>,
): Promise<LimitCheck> {
  return {
    key: await context.limitKey(policy, identity),
    algorithm: 'sliding-window',
    limit: 5,
    windowMs: 60_000,
    cost: 1,
    ...options,
  }
}

async function fixedCheck(
  context: ContractContext,
  policy: string,
  identity: string,
  options: Partial<LimitCheck>,
): Promise<LimitCheck> {
  return { ...(await slidingCheck(context, policy, identity, options)), algorithm: 'fixed-window' }
}

async function remaining(verdicts: ReturnType<Store['peek']>): Promise<number[]> {
  return (await verdicts).map((verdict) => verdict.remaining)
}

async function allowed(verdicts: ReturnType<Store['take']>): Promise<boolean[]> {
  return (await verdicts).map((verdict) => verdict.allowed)
}

function equal(actual: unknown, expected: unknown): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, item: unknown) => (item === Number.POSITIVE_INFINITY ? 'Infinity' : item))
  ok(text(actual) === text(expected), `expected ${text(expected)}, received ${text(actual)}`)
}

function ok(holds: boolean, promise: string): void {
  if (!holds) throw new ContractError(promise)
}

/** A store broke its contract. */
export class ContractError extends Error {
  readonly code = 'ERR_STORE_CONTRACT'
  override readonly name = 'ContractError'
}
