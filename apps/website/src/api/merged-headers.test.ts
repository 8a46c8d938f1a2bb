import type { Decision, LimitState } from 'millpond'
import { describe, expect, it } from 'vitest'
import { mergedHeaders } from './merged-headers.ts'

function decision(policy: string, limit: number, remaining: number): Decision {
  const nearest: LimitState = {
    policy,
    limit,
    windowMs: 60_000,
    remaining,
    resetMs: 30_000,
    retryAfterMs: remaining < 0 ? 12_000 : 0,
    allowed: remaining >= 0,
  }
  if (remaining >= 0) return { status: 'allowed', allowed: true, limits: [nearest], nearest }
  const refusal = { ...nearest, remaining: 0 }
  return {
    status: 'refused',
    allowed: false,
    limits: [refusal],
    nearest: refusal,
    refusedBy: policy,
    retryAfterMs: 12_000,
  }
}

const open: Decision = {
  status: 'degraded',
  allowed: true,
  mode: 'open',
  policies: ['global'],
  retryAfterMs: undefined,
  cause: undefined,
}

describe('mergedHeaders()', () => {
  it('names the policy with less left when both allow', () => {
    expect(mergedHeaders([decision('global', 60, 40), decision('waitlist', 5, 4)])).toEqual({
      'RateLimit-Policy': '"waitlist";q=5;w=60',
      RateLimit: '"waitlist";r=4;t=30',
      'X-RateLimit-Limit': '5',
      'X-RateLimit-Remaining': '4',
      'X-RateLimit-Reset': '30',
    })
    expect(mergedHeaders([decision('global', 60, 2), decision('waitlist', 5, 4)])['X-RateLimit-Limit']).toBe('60')
  })

  it('names the policy that refused, with the time to wait', () => {
    expect(mergedHeaders([decision('global', 60, 0), decision('waitlist', 5, -1)])).toEqual({
      'RateLimit-Policy': '"waitlist";q=5;w=60',
      RateLimit: '"waitlist";r=0;t=12',
      'X-RateLimit-Limit': '5',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '12',
      'Retry-After': '12',
    })
  })

  it('takes the decision that has numbers when the other was made without the store', () => {
    expect(mergedHeaders([open, decision('general', 30, 9)]).RateLimit).toBe('"general";r=9;t=30')
    expect(mergedHeaders([open, undefined])).toEqual({})
  })
})
