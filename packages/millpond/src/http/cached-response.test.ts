import { expect, test } from 'vitest'
import type { CacheResult } from '../cache/read.ts'
import { cachedResponse } from './cached-response.ts'
import { toEtagLater } from './etag.ts'

const hit: CacheResult<unknown> = {
  value: { a: 1 },
  body: '{"a":1}',
  status: 'hit',
  reason: 'fresh',
  ageMs: 2_900,
  ttlMs: 60_500,
}

function request(headers: Record<string, string> = {}, method = 'GET') {
  return { method, headers: new Headers(headers) }
}

test('cachedResponse() gives the stored text with its validators', async () => {
  const response = await cachedResponse(request(), hit)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('{"a":1}')
  expect(Object.fromEntries(response.headers)).toEqual({
    age: '2',
    'cache-control': 'private, no-cache',
    'cache-status': 'millpond; hit; ttl=60',
    'content-type': 'application/json',
    etag: '"AVq9f1zFei3ZS3WQ8ErYCEJz"',
  })
})

test.each([
  [{ status: 'miss', reason: 'absent', ttlMs: 60_000 }, 'millpond; fwd=miss; stored; ttl=60; detail=absent'],
  [{ status: 'miss', reason: 'absent', ttlMs: 1 }, 'millpond; fwd=miss; stored; ttl=0; detail=absent'],
  [{ status: 'hit', reason: 'fresh', ttlMs: 1_999 }, 'millpond; hit; ttl=1'],
  [{ status: 'miss', reason: 'expired', ttlMs: 0 }, 'millpond; fwd=stale; detail=expired'],
  [{ status: 'stale', reason: 'expired', ttlMs: 0 }, 'millpond; hit; ttl=0; detail=expired'],
  [{ status: 'bypass', reason: 'store-failed', ttlMs: 0 }, 'millpond; fwd=bypass; detail=store-failed'],
] as const)('cachedResponse() of %j says what the cache did, and why', async (result, header) => {
  expect((await cachedResponse(request(), { ...hit, ...result })).headers.get('cache-status')).toBe(header)
})

test.each(['"AVq9f1zFei3ZS3WQ8ErYCEJz"', 'W/"AVq9f1zFei3ZS3WQ8ErYCEJz"', '"other", "AVq9f1zFei3ZS3WQ8ErYCEJz"', '*'])(
  'cachedResponse() answers 304 without a body to If-None-Match: %s',
  async (tag) => {
    const response = await cachedResponse(request({ 'if-none-match': tag }), hit)
    expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([304, '', null])
    expect(response.headers.get('etag')).toBe('"AVq9f1zFei3ZS3WQ8ErYCEJz"')
  },
)

test.each([
  [999, '0'],
  [1_000, '1'],
  [60_000, '60'],
])('cachedResponse() of what is %d ms old has the Age %s', async (ageMs, age) => {
  expect((await cachedResponse(request(), { ...hit, ageMs })).headers.get('age')).toBe(age)
})

test('cachedResponse() sends the body when the tag is another', async () => {
  expect((await cachedResponse(request({ 'if-none-match': '"other"' }), hit)).status).toBe(200)
})

test('cachedResponse() of a long text has its tag too, and a 304', async () => {
  const body = JSON.stringify('x'.repeat(70_000))
  const tag = await toEtagLater(body)
  const full = await cachedResponse(request(), { ...hit, body })
  const unchanged = await cachedResponse(request({ 'if-none-match': tag }), { ...hit, body })
  expect([full.status, full.headers.get('etag'), unchanged.status]).toEqual([200, tag, 304])
})

test('cachedResponse() to HEAD has the headers and no body', async () => {
  const response = await cachedResponse(request({}, 'HEAD'), hit)
  expect([await response.text(), response.headers.get('content-length')]).toEqual(['', '7'])
  const unchanged = await cachedResponse(request({ 'if-none-match': ' * ' }, 'HEAD'), hit)
  expect([unchanged.status, unchanged.headers.get('content-length')]).toEqual([304, null])
})

test("cachedResponse() of an answer that is nobody's own lets every cache keep it, to be asked again", async () => {
  const response = await cachedResponse(request(), hit, { private: false })
  expect(response.headers.get('cache-control')).toBe('public, no-cache')
})

test('cachedResponse() sends the headers given once, whatever the case of their names', async () => {
  const headers = { 'cache-control': 'private, max-age=5', vary: 'Origin', etag: 'mine' }
  const response = await cachedResponse(request(), hit, { headers, vary: ['Accept-Language'] })
  const alone = await cachedResponse(request(), hit, { vary: ['Accept-Language', 'Origin'] })
  expect(alone.headers.get('vary')).toBe('Accept-Language, Origin')
  expect(['cache-control', 'vary', 'etag'].map((name) => response.headers.get(name))).toEqual([
    'private, max-age=5',
    'Origin, Accept-Language',
    '"AVq9f1zFei3ZS3WQ8ErYCEJz"',
  ])
})

test('cachedResponse() gives what does not only read its answer, and never 304', async () => {
  const response = await cachedResponse(request({ 'if-none-match': '*' }, 'POST'), hit)
  expect([response.status, await response.text()]).toEqual([200, '{"a":1}'])
})
