import { describeWith } from 'millpond-e2e/servers'
import { expect, it } from 'vitest'
import { useSupport } from './support-fixture.ts'

describeWith('postgres', 'what syncSupport() stores of gifts', () => {
  const support = useSupport()
  const { sync, stats, addGift } = support

  it('brings edits and refunds into the totals, and names only who allows it', async () => {
    const [first] = support.fake.supporters.splice(1)
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({
      totalSupporters: 1,
      leaderboard: [{ display_name: 'Ines', amountMinor: 500 }],
    })
    expect(first).toBeDefined()
    const [only] = support.fake.supporters
    Object.assign(only ?? {}, { support_coffees: 4, support_visibility: 0 })
    support.clock += 240_000
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({ leaderboard: [{ display_name: 'Somebody', amountMinor: 2_000 }] })
    Object.assign(only ?? {}, { is_refunded: 1 })
    support.clock += 240_000
    await sync()
    expect(await stats()).toEqual({
      totalFundsRaised: [],
      totalSupporters: 0,
      leaderboard: [],
      syncedAt: '2026-11-01T12:08:00.000Z',
    })
  })

  it('takes who was paid back off the leaderboard, and leaves the others on it', async () => {
    support.fake.supporters.splice(2)
    const [first, second] = support.fake.supporters
    const gift = { support_coffees: 1, support_coffee_price: '5.00', support_currency: 'EUR', support_visibility: 1 }
    Object.assign(first ?? {}, gift, { supporter_name: 'Ines', payer_email: 'ines@x.org', is_refunded: 0 })
    Object.assign(second ?? {}, gift, { supporter_name: 'Jan', payer_email: 'jan@x.org', is_refunded: 1 })
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({
      totalFundsRaised: [{ currency: 'EUR', amountMinor: 500 }],
      totalSupporters: 1,
      leaderboard: [{ display_name: 'Ines', amountMinor: 500 }],
    })
  })

  it('stores a name without what is hidden in it, and whole characters of it', async () => {
    support.fake.supporters.splice(1)
    const [only] = support.fake.supporters
    const name = async (given: string) => {
      Object.assign(only ?? {}, { support_visibility: 1, supporter_name: given })
      support.clock += 240_000
      expect(await sync()).toBe('synced')
      return (await stats()).leaderboard[0]?.display_name
    }
    expect(await name('A\u0000n\u202En\uD800')).toBe('Ann')
    expect(await name(`${'x'.repeat(59)}😀😀`)).toBe(`${'x'.repeat(59)}😀`)
    expect(await name('\u0000')).toBe('Somebody')
  })

  it('forgets who is no longer in the list, and nobody who is there by hand', async () => {
    support.fake.supporters.splice(3)
    await addGift()
    expect(await sync()).toBe('synced')
    expect((await stats()).totalSupporters).toBe(4)
    support.fake.supporters.splice(1, 1)
    support.clock += 240_000
    expect(await sync()).toBe('synced')
    expect(await stats()).toMatchObject({
      totalFundsRaised: [
        { currency: 'USD', amountMinor: 1_000 },
        { currency: 'EUR', amountMinor: 700 },
      ],
      totalSupporters: 3,
    })
  })

  it('stores all of more supporters than one statement takes, and forgets as many', async () => {
    const [one] = support.fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    for (let nth = 0; nth < 401; nth += 1) {
      support.fake.supporters.push({ ...one, support_id: nth, support_coffees: 1, payer_email: `s${nth}@example.org` })
    }
    expect(await sync()).toBe('synced')
    const { totalSupporters, totalFundsRaised, leaderboard } = await stats()
    expect([totalSupporters, totalFundsRaised, leaderboard.length]).toEqual([
      401,
      [{ currency: 'USD', amountMinor: 401 * 500 }],
      10,
    ])
    support.fake.supporters.splice(1)
    support.clock += 240_000
    expect([await sync(), (await stats()).totalSupporters]).toEqual(['synced', 1])
  })

  it('takes every edit of a gift: its date, who gave it, and in which currency', async () => {
    const [one] = support.fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    const day = (nth: number) => `2026-10-0${nth} 09:00:00`
    const gift = { ...one, support_coffees: 1, payer_email: ' Zoe@example.org ' }
    const first = { ...gift, support_id: 1, supporter_name: 'Zoe', support_created_on: day(1) }
    const second = { ...gift, support_id: 2, supporter_name: 'Zora', support_created_on: day(2) }
    support.fake.supporters.push(first, second)
    const after = async (change: Partial<typeof first>) => {
      Object.assign(first, change)
      support.clock += 240_000
      expect(await sync()).toBe('synced')
      const { leaderboard, totalSupporters, totalFundsRaised } = await stats()
      return [totalSupporters, leaderboard.map(({ display_name }) => display_name), totalFundsRaised.length]
    }
    expect(await after({})).toEqual([1, ['Zora'], 1])
    expect(await after({ payer_email: 'zoe@EXAMPLE.org' })).toEqual([1, ['Zora'], 1])
    expect(await after({ support_created_on: day(3) })).toEqual([1, ['Zoe'], 1])
    expect(await after({ payer_email: 'other@example.org' })).toEqual([2, ['Zora', 'Zoe'], 1])
    expect(await after({ support_currency: 'EUR' })).toEqual([2, ['Zoe'], 2])
  })

  it('reads numbers, flags and currencies however they are written', async () => {
    const [one] = support.fake.supporters.splice(0)
    const give = (change: Record<string, unknown>) =>
      Reflect.set(support.fake.supporters, support.fake.supporters.length, { ...one, ...change })
    const written = { support_coffees: '2', support_coffee_price: 5, support_currency: 'usd', support_visibility: '1' }
    give({ ...written, support_id: 'first', is_refunded: false })
    for (const is_refunded of [1, '1', true]) give({ ...written, support_id: `refunded ${is_refunded}`, is_refunded })
    give({ ...written, support_id: 'hidden', support_visibility: 2, payer_email: null, is_refunded: '0' })
    const seen = async () => {
      support.clock += 240_000
      const outcome = await sync()
      const { totalFundsRaised, leaderboard } = await stats()
      return [outcome, totalFundsRaised, leaderboard.map(({ display_name }) => display_name).sort()]
    }
    const [sums, names] = [[{ currency: 'USD', amountMinor: 2_000 }], ['Ines', 'Somebody']]
    expect(await seen()).toEqual(['synced', sums, names])
  })

  it('adds what somebody gave without their name to no name of theirs', async () => {
    const [one] = support.fake.supporters.splice(0)
    if (one === undefined) throw new TypeError('Cannot test: nobody supports')
    const gift = (change: Partial<typeof one>) =>
      support.fake.supporters.push({ ...one, support_coffees: 1, ...change })
    gift({ support_id: 1, supporter_name: 'Zoe', support_created_on: '2026-10-01 09:00:00' })
    gift({ support_id: 2, supporter_name: 'Ada', support_created_on: '2026-10-02 09:00:00' })
    gift({ support_id: 3, supporter_name: 'Zoe', support_visibility: 0, support_coffees: 20 })
    await sync()
    const { leaderboard, totalSupporters } = await stats()
    expect([totalSupporters, leaderboard.map((giver) => [giver.display_name, giver.amountMinor])]).toEqual([
      1,
      [
        ['Somebody', 10_000],
        ['Ada', 1_000],
      ],
    ])
  })
})
