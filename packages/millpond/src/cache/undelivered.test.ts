import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../errors.ts'
import type { StoreKey } from '../key.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createUndelivered } from './undelivered.ts'

const LIFE_MS = 20_000

function setUp() {
  const clock = createFakeClock()
  const calls: { kind: 'renew' | 'remove' | 'release'; keys: readonly StoreKey[]; nonce?: string }[] = []
  let away = true
  let held: Promise<void> | undefined
  const answer = async () => {
    if (held) return held
    if (away) throw new StoreUnavailableError('away')
  }
  const store = {
    ...memory({ clock }),
    renew: (keys: readonly StoreKey[], nonce: string) => {
      calls.push({ kind: 'renew', keys, nonce })
      return answer()
    },
    remove: (keys: readonly StoreKey[]) => {
      calls.push({ kind: 'remove', keys })
      return answer()
    },
    release: (lease: StoreKey, token: string) => {
      calls.push({ kind: 'release', keys: [lease], nonce: token })
      return answer()
    },
  }
  const kept: Promise<unknown>[] = []
  const keepAlive = (work: Promise<unknown>) => void kept.push(work)
  const undelivered = createUndelivered({ store, clock, lifeMs: LIFE_MS, tagTtlMs: () => LIFE_MS, keepAlive })
  const keys = (...names: string[]) => names as StoreKey[]
  const slot = (name: string, ...tags: string[]) => ({
    entry: `e:${name}` as StoreKey,
    lease: `l:${name}` as StoreKey,
    tags: keys(...tags),
  })
  return {
    clock,
    calls,
    kept,
    undelivered,
    keys,
    slot,
    /** Lets the store answer only when told to. */
    hold: () => {
      let letGo = () => {}
      held = new Promise((resolve) => {
        letGo = resolve
      })
      return letGo
    },
    recover: () => {
      away = false
    },
  }
}

describe('createUndelivered()', () => {
  test('keeps one for each tag however often it is invalidated, and covers what has it', () => {
    const { undelivered, keys, slot } = setUp()
    for (let times = 0; times < 1_000; times += 1) undelivered.addTags(keys('a', 'b'))
    undelivered.addSlot(slot('x'))
    expect(undelivered.size()).toBe(4)
    const covered = [slot('1', 'a'), slot('2', 'c', 'b'), slot('x'), slot('3', 'c'), slot('4')]
    expect(covered.map((one) => undelivered.covers(one))).toEqual([true, true, true, false, false])
    undelivered.close()
  })

  test('retries with back-off until the store acknowledges, and then covers nothing any more', async () => {
    const { clock, calls, undelivered, keys, slot, recover } = setUp()
    undelivered.addTags(keys('a'))
    undelivered.addSlot(slot('x'))
    await clock.advance(99)
    expect(calls.length).toBe(0)
    for (const ms of [1, 200, 400, 800, 1_000, 1_000]) await clock.advance(ms)
    expect(calls.map(({ kind }) => kind)).toEqual(Array(6).fill('renew'))
    recover()
    await clock.advance(1_000)
    expect(calls.slice(6).map(({ kind, keys: sent }) => [kind, ...sent])).toEqual([
      ['renew', 'a'],
      ['remove', 'e:x', 'l:x'],
    ])
    expect([undelivered.size(), undelivered.covers(slot('1', 'a')), undelivered.covers(slot('x'))]).toEqual([
      0,
      false,
      false,
    ])
    expect(new Set(calls.map(({ nonce }) => nonce).filter(Boolean)).size).toBe(7)
  })

  test('keeps a platform from stopping the first try that a request leaves behind, and not the later ones', async () => {
    const { clock, calls, kept, undelivered, keys, slot } = setUp()
    undelivered.addTags(keys('a'))
    undelivered.addTags(keys('b'))
    undelivered.covers(slot('1', 'a'))
    expect(kept.length).toBe(1)
    await clock.advance(100)
    await kept[0]
    expect(calls.length).toBe(1)
    await clock.advance(5_000)
    expect([kept.length, calls.length > 3]).toEqual([1, true])
    undelivered.close()
  })

  test('lets a platform go when it is closed', async () => {
    const { kept, undelivered, keys } = setUp()
    undelivered.addTags(keys('a'))
    undelivered.close()
    expect(await Promise.all(kept)).toEqual([undefined])
  })

  test('gives back each lease by its token until the store acknowledges, and covers nothing meanwhile', async () => {
    const { clock, calls, undelivered, slot, recover } = setUp()
    const { lease } = slot('x')
    undelivered.addLease(lease, 'one')
    undelivered.addLease(lease, 'two')
    expect(undelivered.covers(slot('x'))).toBe(false)
    await clock.advance(100)
    recover()
    await clock.advance(200)
    expect(calls).toEqual(['one', 'two', 'one', 'two'].map((nonce) => ({ kind: 'release', keys: [lease], nonce })))
    expect(undelivered.size()).toBe(0)
  })

  test('covers the entry of a lease where told, and never weakens its deletion', async () => {
    const { clock, calls, undelivered, slot, recover } = setUp()
    const [x, y] = [slot('x'), slot('y')]
    undelivered.addLease(x.lease, 'one', x.entry)
    undelivered.addSlot(y)
    undelivered.addLease(y.lease, 'two', y.entry)
    expect([undelivered.covers(x), undelivered.covers(y)]).toEqual([true, true])
    recover()
    await clock.advance(100)
    expect(calls).toEqual([
      { kind: 'remove', keys: [y.entry, y.lease] },
      { kind: 'release', keys: [x.lease], nonce: 'one' },
    ])
    expect([undelivered.covers(x), undelivered.covers(y)]).toEqual([false, false])
  })

  test('delivers once more what was invalidated again while a try was under way', async () => {
    const { clock, calls, undelivered, keys, slot, hold } = setUp()
    undelivered.addTags(keys('a', 'b'))
    const letGo = hold()
    await clock.advance(100)
    undelivered.addTags(keys('a'))
    letGo()
    await clock.advance(0)
    expect([undelivered.covers(slot('1', 'a')), undelivered.covers(slot('2', 'b'))]).toEqual([true, false])
    await clock.advance(1_000)
    expect(calls.map(({ keys: sent }) => sent)).toEqual([['a', 'b'], ['a']])
    expect(undelivered.size()).toBe(0)
  })

  test('starts no second try when it is hurried while one is under way, and a last one when it is closed', async () => {
    const { clock, calls, undelivered, keys, hold } = setUp()
    undelivered.addTags(keys('a'))
    const letGo = hold()
    await clock.advance(100)
    undelivered.hurry()
    await clock.advance(10_000)
    expect(calls.length).toBe(1)
    undelivered.addTags(keys('b'))
    const closed = undelivered.close()
    letGo()
    expect(await closed).toEqual({ delivered: true })
    undelivered.addTags(keys('c'))
    await clock.advance(10_000)
    expect(calls.map(({ keys: sent }) => sent)).toEqual([['a'], ['a', 'b']])
    expect(undelivered.size()).toBe(1)
  })

  test('delivers many in turn', async () => {
    const { clock, calls, undelivered, keys, recover } = setUp()
    recover()
    undelivered.addTags(keys(...Array.from({ length: 1_200 }, (_, index) => `t${index}`)))
    for (let times = 0; times < 3; times += 1) await clock.advance(1_000)
    expect(calls.map(({ keys: sent }) => sent.length)).toEqual([500, 500, 200])
    expect(undelivered.size()).toBe(0)
  })

  test('gives up when every entry that was there has expired, and stops when it is closed', async () => {
    const { clock, calls, undelivered, keys } = setUp()
    undelivered.addTags(keys('a'))
    await clock.advance(LIFE_MS + 1_000)
    expect(undelivered.size()).toBe(0)
    undelivered.addTags(keys('b'))
    undelivered.close()
    calls.splice(0)
    await clock.advance(10_000)
    expect(calls).toEqual([])
  })
})
