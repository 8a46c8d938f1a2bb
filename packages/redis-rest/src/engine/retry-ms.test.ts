import { expect, it } from 'vitest'
import { retryMs } from './retry-ms.ts'

it('retryMs() doubles from 25 ms, and stays at a quarter of a second however often it failed', () => {
  expect([0, 1, 2, 3, 4, 1_000_000].map(retryMs)).toEqual([25, 50, 100, 200, 250, 250])
})
