import { expect, test, vi } from 'vitest'
import { BreakerOpenError, StoreReplyError, StoreUnavailableError } from '../errors.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createBreaker } from './breaker.ts'

function setUp() {
  const clock = createFakeClock()
  return { clock, breaker: createBreaker({ failures: 2, cooldownMs: 1_000, clock }) }
}

/** A call that stays open until it is answered. */
function createSlowCall() {
  const answers: ((value: string) => void)[] = []
  const call = () => new Promise<string>((resolve) => void answers.push(resolve))
  return { call, answer: (value: string) => answers[0]?.(value) }
}

const fail = () => Promise.reject(new StoreUnavailableError('away'))

test('createBreaker() makes no call while open, then one probe at a time, and closes when one succeeds', async () => {
  const { clock, breaker } = setUp()
  const call = vi.fn(fail)
  for (let turn = 0; turn < 3; turn += 1) await breaker('read', call).catch(() => {})
  expect(call).toHaveBeenCalledTimes(2)
  await expect(breaker('read', call)).rejects.toMatchObject({ code: 'ERR_BREAKER_OPEN' })
  await clock.advance(1_000)
  const { call: slow, answer } = createSlowCall()
  const probe = breaker('read', slow)
  await expect(breaker('read', call)).rejects.toMatchObject({ code: 'ERR_BREAKER_OPEN' })
  answer('back')
  expect(await probe).toBe('back')
  expect(await breaker('read', async () => 'closed')).toBe('closed')
})

test('createBreaker() stays open for another cooldown when the probe fails', async () => {
  const { clock, breaker } = setUp()
  const call = vi.fn(fail)
  for (let turn = 0; turn < 2; turn += 1) await breaker('read', call).catch(() => {})
  await clock.advance(1_000)
  for (let turn = 0; turn < 3; turn += 1) await breaker('read', call).catch(() => {})
  expect(call).toHaveBeenCalledTimes(3)
})

test('createBreaker() counts a refusal by another breaker neither as a failure nor as a success', async () => {
  const { breaker } = setUp()
  const refuse = () => Promise.reject(new BreakerOpenError('left alone'))
  for (let turn = 0; turn < 3; turn += 1) await expect(breaker('fill', refuse)).rejects.toThrow('left alone')
  const call = vi.fn(fail)
  for (const each of [call, refuse, call]) await breaker('fill', each).catch(() => {})
  await expect(breaker('fill', call)).rejects.toMatchObject({ code: 'ERR_BREAKER_OPEN' })
  expect(call).toHaveBeenCalledTimes(2)
})

test('createBreaker() does not open for replies that are errors', async () => {
  const { breaker } = setUp()
  const call = vi.fn(() => Promise.reject(new StoreReplyError('wrong type')))
  for (let turn = 0; turn < 5; turn += 1) await breaker('read', call).catch(() => {})
  expect(call).toHaveBeenCalledTimes(5)
})
