import { expect, test, vi } from 'vitest'
import { BreakerOpenError, StoreReplyError } from '../../errors.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import type { Command } from '../commands.ts'
import { toClusterSlot } from './cluster-slot.ts'
import { ConnectionFailedError, withNodeBreakers } from './node-breakers.ts'

/** Two masters: one has the slot of "away", the other the rest; `answer` says what the first does. */
function setUp(answer: () => Promise<unknown>) {
  const clock = createFakeClock()
  const asked = vi.fn()
  const awaySlot = toClusterSlot('away')
  const send = async (command: Command) => {
    if (!command.includes('away')) return 'OK'
    asked()
    return answer()
  }
  return { clock, asked, send: withNodeBreakers(send, (slot) => (slot === awaySlot ? 'one' : 'other'), clock) }
}

const failed = async (): Promise<never> => {
  throw new ConnectionFailedError('Cannot get: the connection failed (ECONNREFUSED)')
}

const GET = ['GET', 'away'] as const
const SCRIPT = ['EVALSHA', 'sha', 1, 'away', 'argument'] as const

test('a master whose connection failed five times in a row is left alone, the others are not; one command a second asks it', async () => {
  const answer = vi.fn<() => Promise<unknown>>(failed)
  const { asked, clock, send } = setUp(answer)
  for (const command of [GET, SCRIPT, GET, SCRIPT, GET]) {
    await expect(send(command)).rejects.toThrow(ConnectionFailedError)
  }
  for (const command of [GET, SCRIPT]) await expect(send(command)).rejects.toThrow(BreakerOpenError)
  expect(asked).toHaveBeenCalledTimes(5)
  expect(await Promise.all([send(['GET', 'there']), send(['PING'])])).toEqual(['OK', 'OK'])

  await clock.advance(1_000)
  await expect(send(GET)).rejects.toThrow(ConnectionFailedError)
  await expect(send(GET)).rejects.toThrow(BreakerOpenError)
  answer.mockResolvedValue('back')
  await clock.advance(1_000)
  expect(await send(GET)).toBe('back')
  await clock.advance(0)
  expect(await send(SCRIPT)).toBe('back')
})

test('a second without an answer counts too, and whoever waits longer still gets it', async () => {
  const resolves: ((value: string) => void)[] = []
  const { clock, send } = setUp(() => new Promise((resolve) => void resolves.push(resolve)))
  const waiting = Array.from({ length: 5 }, () => send(GET))
  await clock.advance(999)
  const last = send(GET)
  await clock.advance(1)
  await expect(send(GET)).rejects.toThrow(BreakerOpenError)
  for (const resolve of resolves) resolve('late')
  expect(await Promise.all([...waiting, last])).toEqual(Array(6).fill('late'))
})

test('an answer that comes late is one: the master is asked again at once, until five more have had none', async () => {
  const resolves: ((value: string) => void)[] = []
  const { asked, clock, send } = setUp(() => new Promise((resolve) => void resolves.push(resolve)))
  const waiting = Array.from({ length: 6 }, () => send(GET))
  await clock.advance(1_500)
  await expect(send(GET)).rejects.toThrow('Cannot get: the master failed 5 times in a row and is left alone')
  resolves[0]?.('late')
  expect(await waiting[0]).toBe('late')
  for (let turn = 0; turn < 5; turn += 1) void send(GET)
  expect(asked).toHaveBeenCalledTimes(11)
  await clock.advance(1_000)
  await expect(send(SCRIPT)).rejects.toThrow('Cannot evalsha: the master failed 5 times in a row and is left alone')
})

test('an error reply is an answer', async () => {
  const { asked, send } = setUp(async () => {
    throw new StoreReplyError('Cannot get: the store answered WRONGTYPE')
  })
  for (let turn = 0; turn < 8; turn += 1) await expect(send(GET)).rejects.toThrow('WRONGTYPE')
  expect(asked).toHaveBeenCalledTimes(8)
})
