import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

const policy = { limit: 60, window: '60s', onUnavailable: 'open' } as const

/** The library as an isolate of Cloudflare's workers loads it, with a server that answers what is read with nothing and allows each take. */
async function setUp() {
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
  vi.resetModules()
  const { createCache, createLimiter, slidingWindow, blocksOf } = await import('../src/index.ts')
  const { upstash } = await import('../src/stores/upstash/index.ts')
  const posts: string[][] = []
  const answer = ([name, ...args]: string[]): unknown => {
    if (name === 'MGET') return args.map(() => null)
    return name === 'EVALSHA' ? [1, 59, 60_000, 0, ''] : 'OK'
  }
  const fetch = async (_: unknown, init?: RequestInit) => {
    const commands: string[][] = JSON.parse(String(init?.body))
    posts.push(commands.map(([name = '']) => name))
    return Response.json(commands.map((command) => ({ result: answer(command) })))
  }
  const make = () => {
    const store = upstash({
      url: 'https://calm-otter.upstash.io',
      token: 'AYNgASQg',
      fetch: fetch as typeof globalThis.fetch,
    })
    const cache = createCache({ store, namespace: 'edge' })
    const policies = { global: slidingWindow(policy), leased: slidingWindow({ ...policy, lease: blocksOf(10) }) }
    const limiter = createLimiter({ store, policies })
    return { limiter, value: cache.define({ name: 'value', ttl: '5m', tags: () => ['tag'], load: () => 42 }) }
  }
  return { make, posts }
}

it('createCache(), define() and createLimiter() need nothing that workers forbid outside a request', async () => {
  const { make } = await setUp()
  const forbidden = (): never => {
    throw new TypeError('Disallowed operation called within global scope')
  }
  for (const name of ['AbortController', 'setTimeout', 'setInterval', 'setImmediate', 'fetch'])
    vi.stubGlobal(name, forbidden)
  vi.stubGlobal('crypto', { getRandomValues: forbidden, randomUUID: forbidden, subtle: {} })
  expect(make).not.toThrow()
})

it('what a request asks leaves in one POST, and never in that of another request', async () => {
  const { make, posts } = await setUp()
  const { limiter, value } = make()
  const request = () => Promise.all([limiter.limit('global', 'key'), value.peek()])
  // What has to be computed once is: a hash of the script and of the key.
  await request()
  posts.length = 0
  // In a callback of its own, which comes before what the first one may leave for the end of the tick.
  const second = new Promise((resolve) => setImmediate(() => resolve(request())))
  await Promise.all([request(), second])
  expect(posts).toEqual([
    ['EVALSHA', 'MGET'],
    ['EVALSHA', 'MGET'],
  ])
})
