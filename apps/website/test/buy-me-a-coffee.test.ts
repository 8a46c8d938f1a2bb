import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readSupporters, SupportSyncError } from '../src/support/buy-me-a-coffee.ts'
import { type FakeSupporters, startFakeSupporters } from '../src/support/fake-supporters.ts'

describe('readSupporters()', () => {
  let fake: FakeSupporters

  beforeEach(async () => {
    fake = await startFakeSupporters()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    await fake.close()
  })
  const read = (isLate = () => false) =>
    readSupporters({ url: fake.url, token: fake.token, keySecret: 's'.repeat(32) }, isLate)

  /** What is made of one supporter after another, each as it is in the list but for what is given. */
  const readEach = async (...changes: Record<string, unknown>[]) => {
    const [one] = fake.supporters.splice(0)
    for (const [index, change] of changes.entries()) {
      Reflect.set(fake.supporters, index, { ...one, support_id: index, ...change })
    }
    return (await read()).contributions
  }

  it('takes every field of a supporter for what it is', async () => {
    const [one] = fake.supporters
    Object.assign(one ?? {}, { support_coffees: 3, support_coffee_price: '4.5000', support_currency: 'eur' })
    fake.supporters.splice(1)
    expect(await read()).toEqual({
      contributions: [
        {
          source: 'buymeacoffee',
          sourceId: '7000',
          amountMinor: 1_350,
          currency: 'EUR',
          status: 'paid',
          name: 'Ines',
          supporterKey: expect.stringMatching(/^[\w-]{22}$/),
          supportedAt: new Date('2026-10-28T09:30:00Z'),
        },
      ],
      extent: 'whole',
    })
  })

  it('reads a date as UTC, whether it says so or not, wherever the server is', async () => {
    vi.stubEnv('TZ', 'America/St_Johns')
    const dates = ['2026-10-28 09:30:00', '2026-10-28T09:30:00', '2026-10-28T09:30:00.000000Z']
    const read = await readEach(...dates.map((support_created_on) => ({ support_created_on })))
    expect(read.map(({ supportedAt }) => supportedAt.toISOString())).toEqual(
      dates.map(() => '2026-10-28T09:30:00.000Z'),
    )
  })

  it('names a supporter by what they paid under where they gave no name, and only where they allow it', async () => {
    const read = await readEach(
      { supporter_name: ' Ada ', payer_name: 'Pat' },
      { supporter_name: null, payer_name: 'Pat' },
      { supporter_name: ' \u200B', payer_name: 'Pat' },
      { supporter_name: null, payer_name: null },
      { supporter_name: 'Ada', support_visibility: 0 },
      { supporter_name: 'Ada', support_visibility: null },
    )
    expect(read.map(({ name }) => name)).toEqual(['Ada', 'Pat', 'Pat', null, null, null])
  })

  it('takes gifts of one address for one person’s, and those without an address for as many people’s', async () => {
    const addresses = ['ada@x.org', ' ADA@x.org', 'pat@x.org', null, null, '', ' ']
    const read = await readEach(...addresses.map((payer_email) => ({ payer_email })))
    const [ada, again, ...others] = read.map(({ supporterKey }) => supporterKey)
    expect([again, new Set([ada, ...others]).size]).toEqual([ada, 6])
    expect(JSON.stringify(read)).not.toContain('@x.org')
  })

  it.each([
    { support_coffees: -1 },
    { support_coffees: 1.5 },
    { support_coffee_price: '-5.0000' },
    { support_coffee_price: 'much' },
    { support_currency: 'euro' },
    { support_currency: '1EUR' },
    { support_created_on: '28 October' },
  ])('gives nothing where one supporter has %j', async (change) => {
    await expect(readEach({}, change)).rejects.toThrow(SupportSyncError)
  })

  it('asks the address it was given for every page in its order, with its token and with patience of five seconds', async () => {
    const asked = vi.spyOn(globalThis, 'fetch')
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    expect(await read()).toMatchObject({ extent: 'whole', contributions: { length: 23 } })
    expect(asked.mock.calls.map(([address]) => address)).toEqual(
      [1, 2, 3, 4, 5].map((page) => `${fake.url}/api/v1/supporters?page=${page}`),
    )
    expect(timeout.mock.calls).toEqual(Array(5).fill([5_000]))
  })

  it('begins no page when it is late, and gives no part of the list', async () => {
    let looks = 0
    await expect(read(() => ++looks > 2)).rejects.toThrow('it takes too long')
    expect(fake.requests()).toBe(2)
  })

  it('gives no part of a list whose end is missing', async () => {
    const request = fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation((...asked) => {
      if (fake.requests() === 2) fake.failWith({ status: 200, body: '{"error":"No supporters"}' })
      return request(...asked)
    })
    await expect(read()).rejects.toThrow('a page in the middle is empty')
  })
})
