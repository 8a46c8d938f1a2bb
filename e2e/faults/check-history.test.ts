import { describe, expect, test } from 'vitest'
import { checkErrors, checkLimit, checkReads } from './check-history.ts'
import type { Read, Take, Write } from './history.ts'

const write = (value: number, [startedAt, endedAt]: [number, number], more: Partial<Write> = {}): Write => ({
  ...{ kind: 'write', user: 'u', replica: 'a#1', status: 200, declared: true },
  ...{ value, startedAt, endedAt },
  ...more,
})
const read = (value: number | null, [startedAt, endedAt]: [number, number], more: Partial<Read> = {}): Read => ({
  ...{ kind: 'read', user: 'u', replica: 'a#1', status: 200, declared: true, outcome: 'hit' },
  ...{ value, startedAt, endedAt },
  ...more,
})
const take = (at: number, more: Partial<Take> = {}): Take => ({
  ...{ kind: 'take', limit: 'join', identity: 'i', status: 201, declared: true, allowed: true, degraded: false },
  ...{ startedAt: at, endedAt: at + 1 },
  ...more,
})

describe('checkReads()', () => {
  test('lets a read see what was acknowledged, or what is just being written', () => {
    const history = [write(1, [0, 10]), read(1, [11, 12]), write(2, [20, 30]), read(1, [21, 22]), read(2, [23, 24])]
    expect(checkReads(history)).toEqual([])
  })

  test('finds an older value after an acknowledged write in the same process', () => {
    const history = [write(1, [0, 10]), write(2, [20, 30]), read(1, [31, 32])]
    expect(checkReads(history).map(({ rule }) => rule)).toEqual(['stale read'])
  })

  test('holds another process, or another life of it, only to what was delivered', () => {
    const other = { replica: 'b#1' } as const
    const history = [write(1, [0, 10]), read(null, [11, 12], other), read(null, [11, 12], { replica: 'a#2' })]
    expect(checkReads(history)).toEqual([])
    const delivered = [write(1, [0, 10], { deliveredAt: 15 }), read(null, [14, 16], other), read(null, [16, 17], other)]
    expect(checkReads(delivered)).toHaveLength(1)
  })

  test('does not hold a read to a write that failed, whose value it may show all the same', () => {
    const failed = write(2, [20, 30], { status: 503 })
    expect(checkReads([write(1, [0, 10]), failed, read(1, [31, 32]), read(2, [33, 34])])).toEqual([])
  })

  test('finds a value that this user never sent, and one from the future', () => {
    const history = [write(1, [0, 10], { user: 'other' }), read(1, [11, 12]), write(5, [50, 60]), read(5, [40, 45])]
    expect(checkReads(history).map(({ rule }) => rule)).toEqual(['wrong answer', 'wrong answer'])
  })
})

test('checkErrors() finds what the interface does not declare', () => {
  const history = [read(null, [0, 1], { status: 503 }), read(null, [0, 1], { status: 500, declared: false })]
  expect(checkErrors(history)).toHaveLength(1)
})

describe('checkLimit()', () => {
  const rule = { limit: 'join', units: 2, windowMs: 100 }

  test('allows the limit in each window', () => {
    expect(checkLimit([take(0), take(1), take(102), take(103)], rule, [])).toEqual([])
  })

  test('finds one more in a window', () => {
    expect(checkLimit([take(0), take(1), take(50)], rule, [])).toHaveLength(1)
  })

  test('counts anew after the store lost its data, and leaves out what overlaps the loss', () => {
    const history = [take(0), take(1), take(10), take(20), take(21)]
    expect(checkLimit(history, rule, [{ from: 9, to: 15 }])).toEqual([])
    expect(checkLimit([...history, take(22)], rule, [{ from: 9, to: 15 }])).toHaveLength(1)
  })

  test('counts what a process decided alone apart', () => {
    const alone = { degraded: true }
    expect(checkLimit([take(0), take(1), take(2, alone), take(3, alone)], rule, [])).toEqual([])
    expect(checkLimit([take(2, alone), take(3, alone), take(4, alone)], rule, [])).toHaveLength(1)
  })
})
