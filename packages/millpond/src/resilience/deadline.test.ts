import { expect, test } from 'vitest'
import { createFakeClock } from '../testing/fake-clock.ts'
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
