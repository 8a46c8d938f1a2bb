import { memory } from 'millpond/memory'
import { upstash } from 'millpond/upstash'
import { describe, expect, it } from 'vitest'
import { createLimits, type Limits, type PolicyName } from './limits.ts'

const keySecret = 'k'.repeat(32)
const names: readonly PolicyName[] = ['global', 'general', 'waitlist', 'contact', 'contactReceipt', 'admin', 'unknown']

/** How many of 70 takes at a time each policy allows. */
async function countAllowed(limits: Limits): Promise<Record<string, number>> {
  const counted = names.map(async (name) => {
    const decisions = await Promise.all(Array.from({ length: 70 }, () => limits[name].limit('192.0.2.1')))
    return [name, decisions.filter(({ allowed }) => allowed).length] as const
  })
  return Object.fromEntries(await Promise.all(counted))
}

describe('createLimits()', () => {
  it('gives each policy its short form, which counts as a take of several does', async () => {
    const store = memory()
    const limits = createLimits({ store, keySecret })
    const first = []
    for (let nth = 0; nth < 4; nth += 1) first.push(await limits.waitlist.limit('192.0.2.1'))
    const together = await limits.take([
      { policy: 'global', key: '192.0.2.1' },
      { policy: 'waitlist', key: '192.0.2.1' },
    ])
    const [refused, other] = [await limits.waitlist.limit('192.0.2.1'), await limits.waitlist.limit('192.0.2.2')]
    expect([...first, together, refused, other].map(({ allowed }) => allowed)).toEqual([
      ...[true, true, true, true, true],
      false,
      true,
    ])
    limits.close()
    await store.close()
  })

  it('allows each policy’s number within its window', async () => {
    const store = memory()
    const limits = createLimits({ store, keySecret })
    const numbers = { global: 60, general: 30, waitlist: 5, contact: 3, contactReceipt: 3, admin: 10, unknown: 20 }
    expect(await countAllowed(limits)).toEqual(numbers)
    const windows = names.map(async (name) => {
      const decision = await limits[name].limit('192.0.2.2')
      return [name, 'nearest' in decision ? decision.nearest.windowMs : undefined]
    })
    const minute = Object.fromEntries(names.map((name) => [name, 60_000]))
    expect(Object.fromEntries(await Promise.all(windows))).toEqual({ ...minute, contactReceipt: 3_600_000 })
    limits.close()
    await store.close()
  })

  it('lets reads pass without the store, and counts in this process what could do harm', async () => {
    const store = upstash({ url: 'http://127.0.0.1:1', token: 't' })
    const limits = createLimits({ store, keySecret })
    const local = { waitlist: 5, contact: 3, contactReceipt: 3, admin: 10, unknown: 20 }
    expect(await countAllowed(limits)).toEqual({ global: 70, general: 70, ...local })
    limits.close()
    await store.close()
  })
})
