import { expect, test } from 'vitest'
import { createLoadSignals } from './load-signals.ts'

test('createLoadSignals() keeps no signal that is first asked for after its load has ended', () => {
  const signals = createLoadSignals()
  const [running, ended, givenUp] = [signals.begin(), signals.begin(), signals.begin()]
  const late = new Error('given up')
  ended.end()
  givenUp.end(late)
  expect([running.signal.aborted, ended.signal.aborted, givenUp.signal.reason]).toEqual([false, false, late])

  signals.abort()

  // What still runs is aborted; the one whose load is over was held by nobody.
  expect([running.signal.aborted, ended.signal.aborted]).toEqual([true, false])
})

test('createLoadSignals() aborts what begins after it was aborted, and nothing that has ended before', () => {
  const signals = createLoadSignals()
  const ended = signals.begin()
  const { signal } = ended
  ended.end()
  signals.abort()
  expect([signal.aborted, signals.begin().signal.aborted]).toEqual([false, true])
})
