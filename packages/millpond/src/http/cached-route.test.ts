import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createCache } from '../cache/cache.ts'
import type { InvalidInputError } from '../errors.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
import { answerCached, type CachedRouteOptions } from './cached-route.ts'

describe('answerCached() within limits', () => {
  afterEach(() => vi.restoreAllMocks())

  function setUp(options: CachedRouteOptions<string> = {}) {
    const store = memory()
    const definition = createCache({ store, namespace: 'test' }).define({ name: 'one', ttl: '1m', load: () => 1 })
    const policies = { reads: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }) }
    const limiter = createLimiter({ store, policies })
    const limits = (key: string) => limiter.limit('reads', key)
    const route = { definition, toInput: () => undefined, options: { ...options, limits } }
    return (headers: Record<string, string> = {}) =>
      answerCached(route, 'a', { method: 'GET', headers: new Headers(headers) })
  }

  test('tells the decision in every answer: a hit, a 304 and a refusal', async () => {
    const ask = setUp()
    const first = await ask()
    const unchanged = await ask({ 'if-none-match': first.headers.get('etag') ?? '' })
    const seen = [first, unchanged, await ask()].map(({ status, headers }) => [status, headers.get('ratelimit')])
    expect(seen).toEqual([
      [200, '"reads";r=1;t=60'],
      [304, '"reads";r=0;t=60'],
      [429, '"reads";r=0;t=60'],
    ])
  })

  test('leaves a header of the route as it is', async () => {
    const response = await setUp({ headers: { ratelimit: 'own' } })()
    expect([response.headers.get('ratelimit'), response.headers.get('x-ratelimit-remaining')]).toEqual(['own', '1'])
  })

  test('waits for an input that takes time', async () => {
    const cache = createCache({ store: memory(), namespace: 'test' })
    const load = (name: string) => `hello ${name}`
    const definition = cache.define({ name: 'greeting', ttl: '1m', input: z.string(), load })
    const policies = { reads: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }) }
    const limiter = createLimiter({ store: memory(), policies })
    const options = { limits: () => limiter.limit('reads', 'a') }
    const route = { definition, toInput: async (path: string) => path.slice(1), options }
    const response = await answerCached(route, '/ann', { method: 'GET', headers: new Headers() })
    expect([response.status, await response.json()]).toEqual([200, 'hello ann'])
  })

  test('answers as its options say', async () => {
    const { headers } = await setUp({ private: false, vary: ['Accept-Language'], headers: { 'X-Kind': 'route' } })()
    expect(['cache-control', 'vary', 'x-kind', 'ratelimit'].map((name) => headers.get(name))).toEqual([
      'public, no-cache',
      'Accept-Language',
      'route',
      '"reads";r=1;t=60',
    ])
  })

  test('never opens the body as a stream, which a server would then have to read again', async () => {
    const body = vi.spyOn(Response.prototype, 'body', 'get')
    const response = await setUp()()
    expect(body).not.toHaveBeenCalled()
    expect(await response.text()).toBe('1')
  })
})

test.each([
  [{ from: 7, to: 'x' }, 'from: no date; to: no date'],
  [7, 'input: no object'],
] as [unknown, string][])(
  'answerCached() to the input %j names each field that breaks a rule',
  async (input, detail) => {
    const date = z.iso.date({ error: 'no date' })
    const cache = createCache({ store: memory(), namespace: 'test' })
    const span = cache.define({
      name: 'span',
      ttl: '1m',
      input: z.object({ from: date, to: date }, { error: 'no object' }),
      load: () => 1,
    })
    const route = { definition: span, toInput: () => input as { from: string; to: string }, options: {} }
    const response = await answerCached(route, undefined, { method: 'GET', headers: new Headers() })
    expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ detail })])
  },
)

describe('answerCached() of a definition with an input', () => {
  const cache = createCache({ store: memory(), namespace: 'test' })
  const load = (name: string) => `hello ${name}`
  const greeting = cache.define({ name: 'greeting', ttl: '1m', input: z.string().max(5), load })
  const asked = { method: 'GET', headers: new Headers() }

  test('waits for one that takes time', async () => {
    const route = { definition: greeting, toInput: async (path: string) => path.slice(1), options: {} }
    const response = await answerCached(route, '/ann', asked)
    expect([response.status, await response.json()]).toEqual([200, 'hello ann'])
  })

  test('waits for the answer to one that is invalid, and adds the headers of its limits', async () => {
    const policies = { reads: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed' }) }
    const limiter = createLimiter({ store: memory(), policies })
    const options = {
      limits: () => limiter.limit('reads', 'a'),
      onInvalidInput: async ({ issues }: InvalidInputError, path: string) =>
        new Response(`${path} ${issues.length}`, { status: 422 }),
    }
    const response = await answerCached({ definition: greeting, toInput: (path) => path, options }, '/longer', asked)
    expect([response.status, await response.text(), response.headers.get('ratelimit')]).toEqual([
      422,
      '/longer 1',
      '"reads";r=1;t=60',
    ])
  })

  test('leaves any other error to the framework, also one that names a definition', async () => {
    const error = Object.assign(new RangeError('wrong'), { definition: 'greeting', issues: [] })
    const toInput = () => {
      throw error
    }
    await expect(answerCached({ definition: greeting, toInput, options: {} }, '/', asked)).rejects.toBe(error)
  })
})
