import { describe, expect, it } from 'vitest'
import { retryPauseMs } from './outbox.ts'

describe('retryPauseMs()', () => {
  it('doubles up to ten minutes', () => {
    expect([1, 2, 3, 8, 9, 10, 50].map(retryPauseMs)).toEqual([2_000, 4_000, 8_000, 256_000, 512_000, 600_000, 600_000])
  })
})
