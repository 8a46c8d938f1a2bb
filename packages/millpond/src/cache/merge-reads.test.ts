import { expect, test, vi } from 'vitest'
import type { StoreKey } from '../key.ts'
import { mergeReads } from './merge-reads.ts'

function setUp(read: (keys: readonly StoreKey[]) => Promise<(string | null)[]>) {
  const spy = vi.fn(read)
  return { spy, merged: mergeReads({ atTickEnd: setImmediate }, spy) }
}

const keys = (...names: string[]) => names as StoreKey[]
const echo = async (names: readonly StoreKey[]) => names.map((name) => (name === 'absent' ? null : `value of ${name}`))

test('the reads of a tick become one, each key named once, each reader given its own values', async () => {
  const { spy, merged } = setUp(echo)
  const tick = [merged(keys('a', 'b')), merged(keys('b', 'absent')), merged(keys('b', 'b'))]
  expect(await Promise.all(tick)).toEqual([
    ['value of a', 'value of b'],
    ['value of b', null],
    ['value of b', 'value of b'],
  ])
  expect(spy.mock.calls).toEqual([[['a', 'b', 'absent']]])
})

test('a read of the next tick is a read of its own', async () => {
  const { spy, merged } = setUp(echo)
  await merged(keys('a'))
  await merged(keys('a'))
  expect(spy).toHaveBeenCalledTimes(2)
})

test('a read while the one before is under way is a read of its own: it must see what was written meanwhile', async () => {
  const answers: ((values: (string | null)[]) => void)[] = []
  const { merged } = setUp(() => new Promise((resolve) => void answers.push(resolve)))
  const first = merged(keys('a'))
  await vi.waitFor(() => expect(answers).toHaveLength(1))
  const second = merged(keys('a'))
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[0]?.(['old'])
  answers[1]?.(['new'])
  expect([await first, await second]).toEqual([['old'], ['new']])
})

test('one call names at most 512 keys', async () => {
  const { spy, merged } = setUp(echo)
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => merged(keys(`a${index}`, `b${index}`))))
  expect(spy.mock.calls.map(([names]) => names.length)).toEqual([512, 512, 512, 464])
})

test('where calls leave at once, a full tick after a full one is two reads, the first on its way while the other is asked for', async () => {
  const read = vi.fn(echo)
  const merged = mergeReads({ atTickEnd: setImmediate, sendsAtOnce: true }, read)
  const round = async () => {
    const asked = Array.from({ length: 20 }, (_, index) => merged(keys(`a${index}`, 'tag')))
    const early = read.mock.calls.length
    const values = await Promise.all(asked)
    expect(values).toEqual(Array.from({ length: 20 }, (_, index) => [`value of a${index}`, 'value of tag']))
    return [early, ...read.mock.calls.splice(0).map(([names]) => names.length)]
  }
  expect([await round(), await round(), await round()]).toEqual([
    [0, 21],
    [1, 11, 11],
    [1, 11, 11],
  ])
})

test('a failure reaches every reader of its tick and none of the next', async () => {
  const { spy, merged } = setUp(echo)
  spy.mockRejectedValueOnce(new TypeError('away'))
  expect(await Promise.allSettled([merged(keys('a')), merged(keys('b'))])).toMatchObject([
    { status: 'rejected', reason: { message: 'away' } },
    { status: 'rejected', reason: { message: 'away' } },
  ])
  expect(await merged(keys('a'))).toEqual(['value of a'])
})

test('a store that cannot say when a tick ends is asked at once', () => {
  const read = vi.fn(echo)
  void mergeReads({}, read)(keys('a'))
  expect(read).toHaveBeenCalledTimes(1)
})
