import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeSupporters, startFakeSupporters } from '../src/support/fake-supporters.ts'
import { callSite, limitsOf } from './call-site.ts'
import { type StartedSite, startSite } from './start-site.ts'

describe('the support of the site', () => {
  const adminToken = 'a'.repeat(40)
  let site: StartedSite
  let fake: FakeSupporters
  beforeAll(async () => {
    fake = await startFakeSupporters()
    const env = { BMC_API_URL: fake.url, BMC_ACCESS_TOKEN: fake.token, ADMIN_TOKEN: adminToken }
    site = await startSite({ CLIENT_ADDRESS: 'proxies:1', ...env })
  })
  afterAll(async () => {
    await site?.stop()
    await fake?.close()
  })

  const from = '192.0.2.1'
  const read = () => callSite(`${site.url}/api/support/stats`, { headers: { 'x-forwarded-for': from } })
  const contribute = (body: unknown, { token = adminToken, address = from } = {}) =>
    callSite(`${site.url}/api/support/admin/contribute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-forwarded-for': address },
      body: JSON.stringify(body),
    })
  const usd = (answer: { json(): unknown }): number =>
    (answer.json() as { totalFundsRaised: { amountMinor: number }[] }).totalFundsRaised[0]?.amountMinor ?? 0

  it('is cached, fresh right after a contribution and after its refund, and asks the other side once', async () => {
    const [miss, hit] = [await read(), await read()]
    expect([miss, hit].map((answer) => answer.header('cache-status')?.split(';')[1])).toEqual([' fwd=miss', ' hit'])
    expect(usd(miss)).toBe(30_500)
    const gift = { sourceId: 'cash-1', amountMinor: 2_500, currency: 'USD', name: 'Cash box' }
    const answers = [await contribute(gift), await contribute(gift)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(usd(await read())).toBe(33_000)
    await contribute({ ...gift, status: 'refunded' })
    expect((await contribute({ ...gift, sourceId: 'a\u0000b' })).status).toBe(400)
    expect(usd(await read())).toBe(30_500)
    expect(fake.requests()).toBe(5)
    const page = (await callSite(`${site.url}/support`)).text.replaceAll('<!-- -->', '')
    expect(page).toContain('$305.00 + €55.00')
    expect(page).not.toMatch(/supporter\d+@/)
  })

  it('is open to the secret only, with a limit of its own that counts wrong guesses', async () => {
    const gift = { sourceId: 'x', amountMinor: 1, currency: 'USD' }
    const address = '192.0.2.2'
    const wrong = []
    for (const token of ['', 'a', 'a'.repeat(39), 'b'.repeat(40)])
      wrong.push(await contribute(gift, { token, address }))
    expect(wrong.map(({ status }) => status)).toEqual([401, 401, 401, 401])
    const amountMinor = 'must be a whole number from 0 to 1000000000, in the smallest unit of the currency'
    const currency = 'must be three capital letters, such as EUR'
    for (const body of [
      { sourceId: '', amountMinor: 0.5, currency: 'usd' },
      { sourceId: ' ', amountMinor: 2 ** 60 },
      { sourceId: '\t', amountMinor: -1, currency: 'EURO' },
    ]) {
      const bad = await contribute(body, { address })
      expect([bad.status, (bad.json() as { errors: unknown }).errors]).toEqual([
        400,
        Object.entries({ sourceId: 'is missing', amountMinor, currency }).map(([field, detail]) => ({ field, detail })),
      ])
    }
    for (let nth = 0; nth < 2; nth += 1) await contribute(gift, { token: 'b', address })
    const headers = { authorization: 'Bearer b', 'x-forwarded-for': address }
    expect((await callSite(`${site.url}/api/support/admin/empty`, { method: 'POST', headers })).status).toBe(401)
    const refused = await contribute(gift, { address })
    expect([refused.status, limitsOf(refused)[0]]).toEqual([429, 'ratelimit-policy: "admin";q=10;w=60'])
  })
})
