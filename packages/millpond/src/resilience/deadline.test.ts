import { expect, test } from 'vitest'
import { createFakeClock } from '../testing/fake-clock.ts'
import type { Clock } from '../time/clock.ts'
import { createDeadline } from './deadline.ts'

test('createDeadline() passes an answer on, and an error', async () => {
  const deadline = createDeadline({ deadlineMs: 100, clock: createFakeClock() })
  expect(await deadline('read', async () => 1)).toBe(1)
  await expect(deadline('read', () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError)
})

test('createDeadline() rejects at the deadline a call that hangs', async () => {
  const clock = createFakeClock()
  const call = createDeadline({ deadlineMs: 100, clock })('read', () => new Promise(() => {}))
  const error = call.catch((thrown: unknown) => thrown)
  await clock.advance(100)
  expect(await error).toMatchObject({
    code: 'ERR_STORE_TIMEOUT',
    message: 'Cannot read: the store gave no answer within 100 ms',
  })
})

test('createDeadline() does not count time in which the process itself was blocked', async () => {
  const clock = createFakeClock()
  const answers: ((value: string) => void)[] = []
  const open = () => new Promise<string>((resolve) => void answers.push(resolve))
  const call = createDeadline({ deadlineMs: 100, clock })('read', open)
  const outcome = call.catch((thrown: unknown) => thrown)
  clock.set(clock.now() + 400)
  await clock.advance(0)
  answers[0]?.('read from the socket only now')
  expect(await outcome).toBe('read from the socket only now')
})

test.each([
  { lateMs: 30, grantedMs: 30 },
  { lateMs: 400, grantedMs: 100 },
])(
  'createDeadline() grants once what a timer was late by, at most the deadline again: $lateMs ms',
  async ({ lateMs, grantedMs }) => {
    const clock = createFakeClock()
    const call = createDeadline({ deadlineMs: 100, clock })('read', () => new Promise(() => {}))
    let outcome = 'open'
    call.catch(() => {
      outcome = 'given up'
    })
    clock.set(clock.now() + 100 + lateMs)
    await clock.advance(grantedMs - 1)
    expect(outcome).toBe('open')
    await clock.advance(1)
    expect(outcome).toBe('given up')
  },
)

test('createDeadline() bounds a call that begins in the millisecond in which another was answered', async () => {
  const clock = createFakeClock()
  const deadline = createDeadline({ deadlineMs: 100, clock })
  await deadline('read', async () => 1)
  const hung = deadline('read', () => new Promise(() => {})).catch((error: unknown) => error)
  await clock.advance(100)
  expect(await hung).toMatchObject({ code: 'ERR_STORE_TIMEOUT', deadlineMs: 100 })
})

test('createDeadline() has one timer for the calls of a millisecond, and none once all of them have ended', async () => {
  const fake = createFakeClock()
  let timers = 0
  const after: Clock['after'] = (ms, fire) => {
    timers += 1
    let open = true
    const end = () => {
      if (open) timers -= 1
      open = false
    }
    const cancel = fake.after(ms, () => {
      end()
      fire()
    })
    return () => {
      end()
      cancel()
    }
  }
  const deadline = createDeadline({ deadlineMs: 100, clock: { ...fake, after } })
  const answers: ((value: string) => void)[] = []
  const open = () => deadline('read', () => new Promise<string>((resolve) => void answers.push(resolve)))
  const [first, second] = [open(), open()]
  expect(timers).toBe(1)
  await deadline('read', () => Promise.reject(new Error('no'))).catch(() => {})
  answers[0]?.('first')
  await first
  expect(timers).toBe(1)
  // Late: what bounds the second now is another timer.
  fake.set(fake.now() + 150)
  await fake.advance(0)
  answers[1]?.('second')
  expect([await second, timers]).toEqual(['second', 0])
})
