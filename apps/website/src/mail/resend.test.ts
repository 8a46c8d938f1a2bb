import { describe, expect, it } from 'vitest'
import { toRetryAfterMs } from './resend.ts'

describe('toRetryAfterMs()', () => {
  it('reads seconds and dates, and stays between a second and an hour', () => {
    const now = new Date('2026-11-01T12:00:00Z')
    const read = (header: string | null) => toRetryAfterMs(header, now)
    expect(['30', '1.5', '0', '86400', 'Sun, 01 Nov 2026 12:02:00 GMT'].map(read)).toEqual([
      30_000, 1_500, 1_000, 3_600_000, 120_000,
    ])
    expect([null, '', 'soon', '-5'].map(read)).toEqual([60_000, 60_000, 60_000, 60_000])
  })
})
