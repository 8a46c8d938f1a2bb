import { describe, expect, test, vi } from 'vitest'
import type { StoreKey } from '../../key.ts'
import { upstash } from './index.ts'

const keys = (...names: string[]) => names as StoreKey[]

function setUp(answer: (commands: string[][]) => Response | Promise<Response>) {
  const fetch = vi.fn(async (_: unknown, init?: RequestInit) => answer(JSON.parse(String(init?.body))))
  return {
    fetch,
    store: upstash({
      url: 'https://calm-otter.upstash.io/base',
      token: 'AYNgASQg',
      fetch: fetch as unknown as typeof globalThis.fetch,
    }),
  }
}

test('what one tick asks leaves as one POST, with what is asked at its end', async () => {
  const { fetch, store } = setUp((commands) =>
    Response.json(
      commands.map(([name, ...args]) => ({ result: name === 'MGET' ? args.map((key) => `value of ${key}`) : 'OK' })),
    ),
  )
  const late = new Promise((resolve) => {
    store.atTickEnd?.(() => resolve(store.read(keys('b'))))
  })
  const early = [store.read(keys('a', 'b')), store.remove(keys('t1', 't2'))]
  expect(await Promise.all([...early, late])).toEqual([['value of a', 'value of b'], undefined, ['value of b']])
  expect(fetch).toHaveBeenCalledTimes(1)
  const [target, init] = fetch.mock.calls[0] ?? []
  expect(String(target)).toBe('https://calm-otter.upstash.io/base/pipeline')
  expect(JSON.parse(String(init?.body))).toEqual([
    ['MGET', 'a', 'b'],
    ['DEL', 't1', 't2'],
    ['MGET', 'b'],
  ])
})

test('renew() leaves in one POST, the first tag first, also where a tick asks more than one POST carries', async () => {
  const { fetch, store } = setUp((commands) => Response.json(commands.map(() => ({ result: 'OK' }))))
  const others = Array.from({ length: 255 }, () => store.ping())
  await Promise.all([...others, store.renew(keys('epoch', 't1', 't2'), 'nonce', 1_000), store.ping()])
  const posts = fetch.mock.calls.map(([, init]): string[][] => JSON.parse(String(init?.body)))
  expect(posts.map((commands) => commands.length)).toEqual([258, 1])
  expect(posts[0]?.slice(255)).toEqual([
    ['SET', 'epoch', 'nonce', 'PX', 1_000],
    ['SET', 't1', 'nonce', 'PX', 1_000],
    ['SET', 't2', 'nonce', 'PX', 1_000],
  ])
})

test('what is long leaves in POSTs of a megabyte, or alone, and no command waits for another POST', async () => {
  const { fetch, store } = setUp((commands) =>
    commands.some(([, , text]) => text === 'x'.repeat(3_000_000))
      ? new Response('', { status: 413 })
      : Response.json(commands.map(() => ({ result: 'OK' }))),
  )
  const lengths = [400_000, 400_000, 400_000, 3_000_000, 10, 600_000, 600_000]
  const sent = lengths.map((length) => store.renew(keys('key'), 'x'.repeat(length), 1_000))
  expect((await Promise.allSettled(sent)).map(({ status }) => status === 'fulfilled')).toEqual(
    lengths.map((length) => length < 3_000_000),
  )
  const posts = fetch.mock.calls.map(([, init]): string[][] => JSON.parse(String(init?.body)))
  expect(posts.map((commands) => commands.map(([, , text]) => text?.length))).toEqual([
    [400_000, 400_000],
    [400_000],
    [3_000_000],
    [10, 600_000],
    [600_000],
  ])
})

test('each POST carries the sync token of the last reply, so that a replica shows our own writes', async () => {
  const { fetch, store } = setUp((commands) =>
    Response.json(
      commands.map(() => ({ result: 'PONG' })),
      { headers: { 'upstash-sync-token': 'n=1' } },
    ),
  )
  await store.ping()
  await store.ping()
  expect(fetch.mock.calls.map(([, init]) => new Headers(init?.headers).get('upstash-sync-token'))).toEqual([
    null,
    'n=1',
  ])
})

describe('a server that does not serve', () => {
  test.each([
    [
      'refused',
      () =>
        Promise.reject(
          new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }),
        ),
      'ERR_STORE_UNAVAILABLE',
      'Cannot reach the store: ECONNREFUSED',
    ],
    [
      'an error that quotes the address',
      () => Promise.reject(new TypeError('cannot fetch https://calm-otter.upstash.io with AYNgASQg')),
      'ERR_STORE_UNAVAILABLE',
      'Cannot reach the store: TypeError',
    ],
    [
      '401',
      () => new Response('{"error":"WRONGPASS"}', { status: 401 }),
      'ERR_STORE_UNAVAILABLE',
      'Cannot ask the store: it answered HTTP 401',
    ],
    [
      '429',
      () => new Response('', { status: 429 }),
      'ERR_STORE_UNAVAILABLE',
      'Cannot ask the store: it answered HTTP 429',
    ],
    [
      '413, which only says that the command is too large',
      () => new Response('', { status: 413 }),
      'ERR_STORE_REPLY',
      'Cannot ask the store: it answered HTTP 413',
    ],
    ['garbage', () => new Response('<html>'), 'ERR_STORE_REPLY', 'Cannot ask the store: it must answer with JSON'],
    [
      'no list',
      () => Response.json({ result: 1 }),
      'ERR_STORE_REPLY',
      'Cannot ask the store: it must answer a pipeline with a list',
    ],
    [
      'too few slots',
      () => Response.json([]),
      'ERR_STORE_REPLY',
      'Cannot ask the store: it must answer each command of a pipeline',
    ],
    [
      'an empty slot',
      () => Response.json([null]),
      'ERR_STORE_REPLY',
      'Cannot ping: the store must answer with a result or an error',
    ],
    [
      'a command error',
      () => Response.json([{ error: 'ERR secret-value is wrong' }]),
      'ERR_STORE_REPLY',
      'Cannot ping: the store answered ERR',
    ],
    [
      'loading',
      () => Response.json([{ error: 'LOADING Redis is loading' }]),
      'ERR_STORE_UNAVAILABLE',
      'Cannot ping: the store answered LOADING',
    ],
  ])('%s: an error with its code, and nothing of the command', async (_, answer, code, message) => {
    const { store } = setUp(answer)
    await expect(store.ping()).rejects.toMatchObject({ code, message })
  })
})

test('the fetch that Next.js gives, which may keep answers, is not used', async () => {
  const original = vi.fn(async () => Response.json([{ result: 'PONG' }]))
  const kept = vi.fn(async () => Response.json([{ result: 'PONG' }]))
  vi.stubGlobal('fetch', Object.assign(kept, { _nextOriginalFetch: original }))
  const store = upstash({ url: 'https://calm-otter.upstash.io', token: 'AYNgASQg' })
  vi.unstubAllGlobals()
  await store.ping()
  expect([original.mock.calls.length, kept.mock.calls.length]).toEqual([1, 0])
})
