import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LimitState, toDecision } from '../limit/decision.ts'
import { rateLimitHeaders } from './headers.ts'

type Item = { readonly name: string; readonly parameters: Readonly<Record<string, number>> }

/** A parser of RFC 9651 for what these headers are: a list of one string with integer parameters. Throws for anything else. */
function parseItem(text: string): Item {
  const match = /^"((?:[ !#-[\]-~]|\\["\\])*)"((?:; *[a-z*][a-z0-9_.*-]*=-?\d{1,15})*)$/.exec(text)
  if (!match) throw new SyntaxError(`not a structured field: ${text}`)
  const pairs = (match[2] ?? '').split(';').slice(1)
  const parameters = Object.fromEntries(pairs.map((pair) => [pair.trim().split('=')[0], Number(pair.split('=')[1])]))
  return { name: (match[1] ?? '').replaceAll(/\\(["\\])/g, '$1'), parameters }
}

function state(options: Partial<LimitState> = {}): LimitState {
  return {
    policy: 'p',
    limit: 5,
    windowMs: 60_000,
    allowed: true,
    remaining: 4,
    resetMs: 59_001,
    retryAfterMs: 0,
    ...options,
  }
}

test.each([
  [state(), '"p";q=5;w=60', '"p";r=4;t=60'],
  [
    state({ policy: 'api.v1_all-users', limit: 10_000, windowMs: 86_400_000, remaining: 0, resetMs: 0 }),
    '"api.v1_all-users";q=10000;w=86400',
    '"api.v1_all-users";r=0;t=0',
  ],
  [state({ windowMs: 250, resetMs: 1 }), '"p";q=5;w=1', '"p";r=4;t=1'],
  [state({ allowed: false, remaining: 0, retryAfterMs: 1 }), '"p";q=5;w=60', '"p";r=0;t=1'],
  [
    state({ allowed: false, remaining: 2, retryAfterMs: Number.POSITIVE_INFINITY, resetMs: 0 }),
    '"p";q=5;w=60',
    '"p";r=2;t=1',
  ],
  // Whoever has no limit is often given the largest number; RFC 9651 has 15 digits.
  [
    state({ limit: Number.MAX_SAFE_INTEGER, remaining: Number.MAX_SAFE_INTEGER - 1 }),
    '"p";q=999999999999999;w=60',
    '"p";r=999999999999999;t=60',
  ],
])('rateLimitHeaders() writes these bytes (%#)', (nearest, policy, limit) => {
  const headers = rateLimitHeaders(toDecision([nearest]))
  expect([headers['RateLimit-Policy'], headers.RateLimit]).toEqual([policy, limit])
})

test('rateLimitHeaders() gives structured fields that read back as the numbers they were', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  const count = fc.integer({ min: 0, max: 1_000_000 })
  fc.assert(
    fc.property(name, count, count, fc.nat(2 ** 31), fc.nat(2 ** 31), (policy, limit, remaining, windowMs, resetMs) => {
      const headers = rateLimitHeaders(toDecision([state({ policy, limit, remaining, windowMs, resetMs })]))
      expect([parseItem(headers['RateLimit-Policy'] ?? ''), parseItem(headers.RateLimit ?? '')]).toEqual([
        { name: policy, parameters: { q: limit, w: Math.ceil(windowMs / 1000) } },
        { name: policy, parameters: { r: remaining, t: Math.ceil(resetMs / 1000) } },
      ])
    }),
  )
})

test('rateLimitHeaders() shows nothing of a policy that only reports', () => {
  expect(
    rateLimitHeaders(toDecision([state({ shadow: true, allowed: false, remaining: 0, retryAfterMs: 9 })])),
  ).toEqual({})
})
