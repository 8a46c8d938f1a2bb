import { expect, it } from 'vitest'
import { findSlow, judge, toSummary } from './recoveries.ts'

const report = (recoveredMs: number | undefined, stalledMs: number) => ({
  name: 'reset',
  recoveredMs,
  stalledMs,
  before: 'API A: 9 bypass in up to 12 ms; API B: hit',
})

it.each([
  ['in time', 2_000, 0],
  ['too slow', 2_001, 0],
  ['in time', 2_300, 300],
  ['too slow', 3_000, 599],
  ['undecided', 3_000, 600],
  ['undecided', 12_500, 2_500],
  ['too slow', 12_501, 2_500],
  ['too slow', undefined, 9_000],
] as const)(
  'judge() finds it %s when it took %s ms and the machine stalled for %s',
  (verdict, recoveredMs, stalledMs) => {
    expect(judge(report(recoveredMs, stalledMs))).toBe(verdict)
  },
)

it('findSlow() puts what took too long into words, and what did not happen', () => {
  expect(findSlow([report(900, 0), report(2_001, 0), report(undefined, 0)])).toEqual([
    'slow recovery: reset, 2001 ms, of which the machine stalled for 0 (API A: 9 bypass in up to 12 ms; API B: hit)',
    'no recovery: reset (API A: 9 bypass in up to 12 ms; API B: hit)',
  ])
})

it('toSummary() has a row for each fault', () => {
  expect(toSummary([report(900, 100), report(3_000, 0), report(1_000, 0)]).split('\n')).toEqual([
    'fault  times  median   longest  own median  own longest  undecided  too slow',
    'reset  3      1000 ms  3000 ms  1000 ms     3000 ms      0          1       ',
  ])
})
