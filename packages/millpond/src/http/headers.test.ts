import { expect, test } from 'vitest'
import { type Decision, type LimitState, toDecision } from '../limit/decision.ts'
import { nearestDecision, rateLimitHeaders } from './headers.ts'
import { tooManyRequests } from './problem.ts'

function state(options: Partial<LimitState> = {}): LimitState {
  return {
    policy: 'waitlist',
    limit: 5,
    windowMs: 60_000,
    allowed: true,
    remaining: 4,
    resetMs: 59_001,
    retryAfterMs: 0,
    ...options,
  }
}

const refused = toDecision([state({ allowed: false, remaining: 0, resetMs: 59_001, retryAfterMs: 12_001 })])
const degraded: Decision = {
  status: 'degraded',
  allowed: false,
  mode: 'closed',
  policies: ['waitlist'],
  retryAfterMs: undefined,
  cause: null,
}

test('rateLimitHeaders() of an allowed take', () => {
  expect(rateLimitHeaders(toDecision([state()]))).toEqual({
    'RateLimit-Policy': '"waitlist";q=5;w=60',
    RateLimit: '"waitlist";r=4;t=60',
    'X-RateLimit-Limit': '5',
    'X-RateLimit-Remaining': '4',
    'X-RateLimit-Reset': '60',
  })
})

test('rateLimitHeaders() of a refusal name one moment, rounded up', () => {
  expect(rateLimitHeaders(refused)).toEqual({
    'RateLimit-Policy': '"waitlist";q=5;w=60',
    RateLimit: '"waitlist";r=0;t=13',
    'X-RateLimit-Limit': '5',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': '13',
    'Retry-After': '13',
  })
})

test('rateLimitHeaders() promises no retry when none can pass, and says nothing when degraded', () => {
  const never = toDecision([state({ allowed: false, retryAfterMs: Number.POSITIVE_INFINITY })])
  expect(rateLimitHeaders(never)).not.toHaveProperty('Retry-After')
  expect(rateLimitHeaders(degraded)).toEqual({})
})

test('Retry-After is at least 1 and is never too early', () => {
  for (const retryAfterMs of [1, 999, 1_000, 1_001, 59_999]) {
    const header = rateLimitHeaders(toDecision([state({ allowed: false, retryAfterMs })]))['Retry-After']
    expect(Number(header) * 1_000).toBeGreaterThanOrEqual(retryAfterMs)
    expect(Number(header) * 1_000 - retryAfterMs).toBeLessThan(1_000)
  }
})

test('nearestDecision() gives the refusal, else the one with less left', () => {
  const wide = toDecision([state({ policy: 'global', limit: 60, remaining: 50 })])
  const narrow = toDecision([state()])
  expect(nearestDecision(wide, narrow)).toBe(narrow)
  expect(nearestDecision(narrow, wide)).toBe(narrow)
  expect(nearestDecision(refused, narrow)).toBe(refused)
  expect(nearestDecision(narrow, degraded)).toBe(degraded)
  expect(nearestDecision({ ...degraded, allowed: true }, narrow)).toBe(narrow)
  expect(nearestDecision(narrow, { ...degraded, allowed: true })).toBe(narrow)
  expect(nearestDecision(degraded, refused)).toBe(refused)
})

test('tooManyRequests() is a 429 problem with the numbers of the headers', async () => {
  const response = tooManyRequests(refused)
  expect(response.status).toBe(429)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('retry-after')).toBe('13')
  expect(await response.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: 'The limit of policy "waitlist" is reached; try again in 13 s',
    'violated-policies': ['waitlist'],
    limit: 5,
    remaining: 0,
    retry_after: 13,
  })
})

test('tooManyRequests() of an outage is a 503 without invented numbers', async () => {
  const response = tooManyRequests(degraded)
  expect(response.status).toBe(503)
  expect([...response.headers.keys()].sort()).toEqual(['cache-control', 'content-type'])
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'The limit on requests cannot be checked at the moment; try again shortly',
  })
})

test('tooManyRequests() of an outage is a 429 where this process counted, with its wait alone', async () => {
  const response = tooManyRequests({ ...degraded, mode: 'local', retryAfterMs: 12_001 })
  expect(response.status).toBe(429)
  expect([...response.headers.keys()].sort()).toEqual(['cache-control', 'content-type', 'retry-after'])
  expect(response.headers.get('retry-after')).toBe('13')
  expect(await response.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: 'The limit on requests is reached; try again in 13 s',
    retry_after: 13,
  })
})

test('tooManyRequests() names the policies that refuse: none that lets pass, none that only reports', async () => {
  const wait = { allowed: false, remaining: 0, retryAfterMs: 2_000 }
  const several = toDecision([
    state({ policy: 'wide' }),
    state({ ...wait, policy: 'narrow' }),
    state({ ...wait, policy: 'tried', shadow: true }),
    state({ ...wait, policy: 'longer', retryAfterMs: 3_000 }),
  ])
  expect(await tooManyRequests(several).json()).toMatchObject({
    detail: 'The limit of policy "longer" is reached; try again in 3 s',
    'violated-policies': ['narrow', 'longer'],
  })
})

test('tooManyRequests() of what can never pass says so, and names no wait', async () => {
  const never = toDecision([state({ allowed: false, remaining: 3, retryAfterMs: Number.POSITIVE_INFINITY })])
  const response = tooManyRequests(never)
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, null])
  expect(await response.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Too Many Requests',
    status: 429,
    detail: 'The request costs more than the limit of policy "waitlist" and can never pass',
    'violated-policies': ['waitlist'],
    limit: 5,
    remaining: 3,
  })
})
