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

test('createBreaker() counts failures in a row: a success, or a reply that is an error, begins anew', async () => {
  const { breaker } = setUp()
  const call = vi.fn(fail)
  const answers = [async () => 'well', () => Promise.reject(new StoreReplyError('wrong type'))]
  for (const answer of answers) for (const each of [call, answer]) await breaker('read', each).catch(() => {})
  for (let turn = 0; turn < 3; turn += 1) await breaker('read', call).catch(() => {})
  expect(call).toHaveBeenCalledTimes(4)
})

test('createBreaker() lets all pass once a probe has succeeded, and tells of that alone', async () => {
  const clock = createFakeClock()
  const onClose = vi.fn()
  const breaker = createBreaker({ failures: 2, cooldownMs: 1_000, clock, onClose })
  await breaker('read', async () => 'well')
  for (let turn = 0; turn < 2; turn += 1) await breaker('read', fail).catch(() => {})
  await clock.advance(1_000)
  await breaker('read', async () => 'back')
  const all = await Promise.all([1, 2, 3].map((turn) => breaker('read', async () => turn)))
  expect([all, onClose.mock.calls.length]).toEqual([[1, 2, 3], 1])
})

test('createBreaker() makes one probe in each pause whatever calls from before come to, and another after these', async () => {
  const { clock, breaker } = setUp()
  const fails: ((error: Error) => void)[] = []
  const late = Array.from({ length: 5 }, () =>
    breaker('read', () => new Promise<string>((_, reject) => void fails.push(reject))).catch(() => 'failed'),
  )
  const failNext = (count: number) => {
    for (const reject of fails.splice(0, count)) reject(new StoreUnavailableError('away'))
  }
  failNext(2)
  await Promise.all(late.slice(0, 2))
  await clock.advance(1_000)
  const { call: slow, answer } = createSlowCall()
  const probe = breaker('read', slow)
  failNext(1)
  await late[2]
  await clock.advance(999)
  await expect(breaker('read', async () => 'a second probe')).rejects.toThrow('failed 3 times in a row')
  answer('back')
  await probe
  failNext(2)
  await Promise.all(late)
  await clock.advance(1_000)
  expect(await breaker('read', async () => 'another probe')).toBe('another probe')
})

test('createBreaker() makes another probe when one is never answered', async () => {
  const { clock, breaker } = setUp()
  for (let turn = 0; turn < 2; turn += 1) await breaker('read', fail).catch(() => {})
  await clock.advance(1_000)
  void breaker('read', () => new Promise(() => {}))
  await clock.advance(1_000)
  expect(await breaker('read', async () => 'back')).toBe('back')
})

test('createBreaker() measures its pause by the clock that cannot be set', async () => {
  const fake = createFakeClock()
  const beganAt = fake.now()
  const clock = { ...fake, monotonic: () => fake.now() - beganAt }
  const breaker = createBreaker({ failures: 1, cooldownMs: 1_000, clock })
  await breaker('read', fail).catch(() => {})
  await fake.advance(1_000)
  expect(await breaker('read', async () => 'back')).toBe('back')
})
