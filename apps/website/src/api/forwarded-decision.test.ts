import type { Decision } from 'millpond'
import { describe, expect, it } from 'vitest'
import { coversPolicy, decisionHeader, encodeDecision, readForwardedDecision } from './forwarded-decision.ts'

const state = {
  policy: 'global',
  limit: 60,
  windowMs: 60_000,
  remaining: 0,
  resetMs: 900,
  retryAfterMs: 900,
  allowed: false,
}
const refused: Decision = {
  status: 'refused',
  allowed: false,
  limits: [state],
  nearest: state,
  refusedBy: 'global',
  retryAfterMs: 900,
}

const through = (decision: Decision) =>
  readForwardedDecision(new Headers({ [decisionHeader]: encodeDecision(decision) }))

describe('readForwardedDecision()', () => {
  it('gives back the decision that the proxy encoded', () => {
    expect(through(refused)).toEqual(refused)
  })

  it('gives back a degraded decision without its cause', () => {
    const degraded: Decision = {
      status: 'degraded',
      allowed: true,
      mode: 'open',
      policies: ['global'],
      retryAfterMs: undefined,
      cause: new TypeError('fetch failed: 10.0.0.7'),
    }
    expect(encodeDecision(degraded)).toBe('{"status":"degraded","allowed":true,"mode":"open","policies":["global"]}')
    expect(through(degraded)).toEqual({ ...degraded, cause: undefined })
  })

  it('gives nothing when the header is missing or is no decision', () => {
    const texts = ['', 'x', '{}', '{"status":"allowed","allowed":true}', '{"status":"allowed","allowed":false}']
    const reads = texts.map((text) => readForwardedDecision(new Headers({ [decisionHeader]: text })))
    expect([readForwardedDecision(new Headers()), ...reads]).toEqual(Array.from({ length: 6 }, () => undefined))
  })
})

describe('coversPolicy()', () => {
  it('counts the policies of a decision, with or without the store, and the one of clients without an address for all', () => {
    const without = (policies: string[]): Decision => ({
      status: 'degraded',
      allowed: true,
      mode: 'open',
      policies,
      retryAfterMs: undefined,
      cause: undefined,
    })
    const unknown: Decision = { ...refused, limits: [{ ...state, policy: 'unknown' }] }
    const asked = [refused, without(['global', 'waitlist']), unknown, without(['unknown'])]
    expect(asked.map((decision) => coversPolicy(decision, 'global'))).toEqual([true, true, true, true])
    expect(asked.map((decision) => coversPolicy(decision, 'waitlist'))).toEqual([false, true, true, true])
  })
})
