import { expect, test } from 'vitest'
import type { StoreKey } from '../key.ts'
import type { LimitCheck } from '../limit/limit-store.ts'
import { type Command, type Commands, toReplyError } from './commands.ts'
import { toClusterSlot } from './redis/cluster-slot.ts'
import { createRedisLimits } from './redis-limits.ts'

/** A server that notes what it is sent and allows everything. */
function setUp(options: Partial<Commands> & { rejectsFlag?: boolean } = {}) {
  const sent: Command[] = []
  const commands: Commands = {
    ...options,
    atTickEnd: setImmediate,
    async send(command) {
      sent.push(command)
      const [name, source = '', keys = 0] = command
      if (name === 'EVALSHA') throw toReplyError('evalsha', 'NOSCRIPT')
      if (options.rejectsFlag && String(source).startsWith('#!lua')) throw toReplyError('eval', 'ERR Unexpected flag')
      return Array.from({ length: Number(keys) }, () => [1, 1, 1, 0, '5']).flat()
    },
  }
  return { sent, limits: createRedisLimits(commands) }
}

const check = (identity: string | number, policy = 'p'): LimitCheck => ({
  key: `mp:limits:r{=${identity}}${policy}` as StoreKey,
  algorithm: 'sliding-window',
  limit: 5,
  windowMs: 60_000,
  cost: 1,
})
const keysOf = (command: Command) => command.slice(3, 3 + Number(command[2]))
const calls = (sent: Command[]) => sent.filter(([name]) => name === 'EVAL').map(keysOf)

test('takes of one tick become one call, each its own group', async () => {
  const { sent, limits } = setUp()
  const [first, second] = await Promise.all([
    limits.take([check('a'), check('a', 'q')]),
    limits.take([check('b')]),
    limits.peek([check('c')]),
  ])
  expect(calls(sent)).toEqual([['mp:limits:r{=a}p', 'mp:limits:r{=a}q', 'mp:limits:r{=b}p', 'mp:limits:r{=c}p']])
  const last = sent.at(-1) ?? ['']
  expect(last.slice(7)).toEqual([
    ...['', 't', 2, 1, 's', 5, 60_000, 1, '', 's', 5, 60_000, 1, ''],
    ...['t', 1, 1, 's', 5, 60_000, 1, '', 'p', 1, 1, 's', 5, 60_000, 1, ''],
  ])
  expect([first?.length, second?.length]).toEqual([2, 1])
})

test('where commands leave at once, a full tick after a full one is two calls', async () => {
  const many = async ({ sent, limits }: ReturnType<typeof setUp>) => {
    const nth = sent.length
    await Promise.all(Array.from({ length: 20 }, (_, index) => limits.take([check(index)])))
    return calls(sent.slice(nth)).map((of) => of.length)
  }
  const [at, once] = [setUp(), setUp({ sendsAtOnce: true })]
  expect([await many(at), await many(at)]).toEqual([[20], [20]])
  expect([await many(once), await many(once)]).toEqual([[20], [10, 10]])
})

test('a take alone travels without what tells several apart', async () => {
  const { sent, limits } = setUp()
  await limits.take([{ ...check('a'), algorithm: 'token-bucket', refill: 2 }])
  expect((sent.at(-1) ?? ['']).slice(2)).toEqual([1, 'mp:limits:r{=a}p', '', 5, 60_000, 1, 2])
  const [, ofTake] = sent.at(-1) ?? ['']
  await limits.peek([check('a')])
  expect(sent.at(-1)?.[1]).not.toBe(ofTake)
})

test('takes of one tick that differ in their key alone travel as the key alone', async () => {
  const { sent, limits } = setUp()
  const takes = [check('a'), check('b'), check('c'), { ...check('d'), cost: 2 }]
  const verdicts = await Promise.all(takes.map((take) => limits.take([take])))
  const rule = ['s', 5, 60_000]
  expect((sent.at(-1) ?? ['']).slice(7)).toEqual(['', 't', 1, 3, ...rule, 1, '', 't', 1, 1, ...rule, 2, ''])
  expect(verdicts.map((list) => list.length)).toEqual([1, 1, 1, 1])
})

const bucket = { algorithm: 'token-bucket' } as const
const days = { algorithm: 'fixed-window', windowMs: 86_400_000 } as const
const permits = { algorithm: 'concurrency' } as const
test.each([
  ['limit', { limit: 6 }, { limit: 7 }],
  ['window', { windowMs: 1_000 }, { windowMs: 2_000 }],
  ['cost', { cost: 2 }, { cost: 3 }],
  ['algorithm', {}, { algorithm: 'fixed-window' as const }],
  ['refill', { ...bucket, refill: 1 }, { ...bucket, refill: 2 }],
  ['days', { ...days, starts: [0, 1] }, { ...days, starts: [0, 2] }],
  ['permit', { ...permits, permit: 'of alice' }, { ...permits, permit: 'of bob..' }],
])('takes of one tick that differ in their %s travel each with its own', async (_, one, other) => {
  const { sent, limits } = setUp()
  await Promise.all([limits.take([{ ...check('a'), ...one }]), limits.take([{ ...check('b'), ...other }])])
  expect(calls(sent)).toHaveLength(1)
  expect(sent.at(-1)?.filter((argument) => argument === 't')).toHaveLength(2)
})

test('refunds of one tick travel each with its own mark', async () => {
  const { sent, limits } = setUp()
  const refund = (identity: string, mark: string) => limits.refund([{ ...check(identity), mark }])
  await Promise.allSettled([refund('a', '1'), refund('b', '2'), refund('c', '2')])
  expect((sent.at(-1) ?? ['']).slice(6)).toEqual([
    ...['', 'r', 1, 1, 's', '1', 60_000, 1, ''],
    ...['r', 1, 2, 's', '2', 60_000, 1, ''],
  ])
})

test('a call carries at most 64 checks', async () => {
  const { sent, limits } = setUp()
  await Promise.all(Array.from({ length: 100 }, (_, index) => limits.take([check(index)])))
  expect(calls(sent).map((keys) => keys.length)).toEqual([64, 36])
})

test('on a cluster a call carries the keys of one slot', async () => {
  const { sent, limits } = setUp({ slotOf: toClusterSlot })
  await Promise.all(['a', 'b', 'a'].map((identity) => limits.take([check(identity)])))
  expect(calls(sent)).toEqual([['mp:limits:r{=a}p', 'mp:limits:r{=a}p'], ['mp:limits:r{=b}p']])
})

test('scripts carry the flag for key locking where the server takes it', async () => {
  const keyLocking = { state: 'untried' as const }
  const { sent, limits } = setUp({ keyLocking })
  await limits.take([check('a')])
  expect(keyLocking.state).toBe('accepted')
  expect(String(sent.at(-1)?.[1])).toMatch(/^#!lua flags=allow-key-locking\n/)
})

test('scripts go without the flag once the server has rejected it', async () => {
  const keyLocking = { state: 'untried' as const }
  const { sent, limits } = setUp({ keyLocking, rejectsFlag: true })
  await Promise.all([limits.take([check('a')]), limits.reset([]).catch(() => {})])
  await limits.take([check('a')])
  expect(keyLocking.state).toBe('rejected')
  expect(sent.filter(([, source]) => String(source).startsWith('#!lua'))).toHaveLength(1)
})

test('a script that fails once the server has taken the flag is not sent again: it may have run', async () => {
  const { sent, limits } = setUp({ keyLocking: { state: 'accepted' }, rejectsFlag: true })
  await expect(limits.take([check('a')])).rejects.toMatchObject({ code: 'ERR_STORE_REPLY' })
  expect(calls(sent)).toHaveLength(1)
})

test('a reply that does not answer each check rejects every take of the call', async () => {
  const limits = createRedisLimits({ atTickEnd: setImmediate, send: async () => [1, 1] })
  const outcomes = await Promise.allSettled([limits.take([check('a')]), limits.take([check('b')])])
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
    'ERR_STORE_REPLY',
    'ERR_STORE_REPLY',
  ])
})
