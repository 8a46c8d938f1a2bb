import type { CacheStore, LeaseRequest } from '../cache/cache-store.ts'
import { type ContractCase, type ContractContext, equal, ok, withinWindow } from './contract-case.ts'

/** What `createCache` relies on. */
export const cacheContract: readonly ContractCase[] = [
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
    name: 'lease() that is held says for how long, whatever the number of tags',
    async run(context) {
      const { store, key } = context
      const names = [await key('tag', 'a'), await key('tag', 'b')]
      for (const tags of [[], names.slice(0, 1), names]) {
        const name = `${tags.length}`
        await store.lease(await leaseRequest(context, name, 'first', { tags }))
        const grant = await store.lease(await leaseRequest(context, name, 'second', { tags }))
        const leftMs = grant.kind === 'held' ? grant.leftMs : 0
        ok(leftMs > 0 && leftMs <= 60_000, `a lease of 60 s is held for more than 0 and at most 60 s, not ${leftMs} ms`)
      }
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
      const longest = 'x'.repeat(64)
      const tags = [await key('tag', 'whole')]
      await store.renew(tags, longest, 60_000)
      equal(await store.versions(tags, 'asked', 60_000), [longest])
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
    name: 'lease() and versions() lengthen the life of a version of which less than half is left',
    run: (context) =>
      withinWindow(400, async (windowMs) => {
        const { store, key } = context
        const tags = [await key('tag', `asked ${windowMs}`), await key('tag', `leased ${windowMs}`)]
        const tagTtlMs = windowMs * 2.5
        await store.renew(tags, 'v1', windowMs)
        await store.versions(tags.slice(0, 1), 'asked', tagTtlMs)
        await store.lease(await leaseRequest(context, `${windowMs}`, 'mine', { tags: tags.slice(1), tagTtlMs }))
        await context.pass(windowMs + 1)
        equal(await store.read(tags), ['v1', 'v1'])
      }),
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
      const begin = tags[0]?.slice(0, tags[0].indexOf('name'))
      const all = `${begin}name*?}`
      const ofOneDigit = all.replace('*?', '%20?').replace('t{', '?{')
      const endingInFive = all.replace('*?', '*5').replace('t{', '*{')
      equal(await scanAll(store, all), tags.slice(0, -1).sort())
      equal(await scanAll(store, ofOneDigit), tags.slice(0, 10).sort())
      equal(await scanAll(store, endingInFive), tags.filter((tag) => tag.endsWith('5}')).sort())
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
      equal(await store.versions([tag], 'v2', 30), ['v1'])
      await context.pass(61)
      equal(await store.read([entry, tag]), [null, null])
    },
  },
]

/** Separators of the entry format, quotes, a line break, and characters of two, three and four bytes. */
const TEXT = 'm1|1|a|b|c||{"text":"a|b,\\n \u00e9 \u4f60 \u{1f30a}"}'

/** What all steps of a scan give, sorted. */
async function scanAll({ scan }: Pick<CacheStore, 'scan'>, match: string): Promise<readonly string[]> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const step = await scan?.(match, cursor)
    for (const key of step?.keys ?? []) found.add(key)
    cursor = step?.cursor ?? '0'
  } while (cursor !== '0')
  return [...found].sort()
}

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
