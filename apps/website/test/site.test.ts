import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByForm, joinByJson, limitsOf, postJson, readStats } from './call-site.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

let site: StartedSite

beforeAll(async () => {
  site = await startSite({ CLIENT_ADDRESS: 'proxies:1', DEMO_DATA: '1' })
})
afterAll(() => site?.stop())

const waitlistRefused = [
  'ratelimit-policy: "waitlist";q=5;w=60',
  'ratelimit: "waitlist";r=0;t=S',
  'retry-after: S',
  'x-ratelimit-limit: 5',
  'x-ratelimit-remaining: 0',
  'x-ratelimit-reset: S',
]

const waitlistLeft = (remaining: number) => [
  'ratelimit-policy: "waitlist";q=5;w=60',
  `ratelimit: "waitlist";r=${remaining};t=S`,
  'x-ratelimit-limit: 5',
  `x-ratelimit-remaining: ${remaining}`,
  'x-ratelimit-reset: S',
]

const status = (answer: { status: number }): number => answer.status

/** The page that a form post led to. */
async function follow(answer: Awaited<ReturnType<typeof callSite>>): Promise<string> {
  const cookie = answer.header('set-cookie')?.split(';')[0] ?? ''
  const { text } = await callSite(new URL(answer.header('location') ?? '', site.url).href, { headers: { cookie } })
  return text.replaceAll('<!-- -->', '')
}

describe('POST /api/waitlist/join', () => {
  it('refuses the sixth within a minute and tells the truth in every header', async () => {
    const answers = []
    for (let nth = 1; nth <= 6; nth += 1)
      answers.push(await joinByJson(site.url, '192.0.2.1', { email: `six${nth}@x.org` }))
    expect(answers.map(status)).toEqual([201, 201, 201, 201, 201, 429])
    expect(answers.map(limitsOf)).toEqual([...[4, 3, 2, 1, 0].map(waitlistLeft), waitlistRefused])
    const refusal = answers[5]
    const wait = Number(refusal?.header('retry-after'))
    expect(refusal?.header('content-type')).toBe('application/problem+json')
    expect(refusal?.json()).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Too Many Requests',
      status: 429,
      detail: `The limit of policy "waitlist" is reached; try again in ${wait} s`,
      'violated-policies': ['waitlist'],
      limit: 5,
      remaining: 0,
      retry_after: wait,
    })
  })

  it('answers a new and a known address alike, with a fresh code each time', async () => {
    const first = await joinByJson(site.url, '192.0.2.2', { email: 'twice@x.org' })
    const second = await joinByJson(site.url, '192.0.2.2', { email: ' TWICE@x.org ' })
    const confirmed = await joinByJson(site.url, '192.0.2.2', { email: 'ada.brook@example.org' })
    const others = await joinByJson(site.url, '192.0.2.2', { email: 'another@x.org' })
    const bodies = [first, second, confirmed, others].map((answer) => answer.json())
    const shape = {
      message: expect.stringContaining('We have sent a mail to this address'),
      position: expect.any(Number),
      referralCode: expect.stringMatching(/^[2-9A-HJKMNP-Z]{8}$/),
      tier: 'early',
    }
    expect(bodies).toEqual([shape, shape, shape, shape])
    const codes = bodies.map((body) => (body as { referralCode: string }).referralCode)
    expect(new Set(codes).size).toBe(4)
    const places = bodies.map((body) => (body as { position: number }).position)
    expect(places).toEqual([141, 141, 141, 141])
  })

  it('names the field of a bad body, and stores nothing', async () => {
    const from = '192.0.2.3'
    const before = (await readStats(site.url, from)).json()
    const bad = await joinByJson(site.url, from, { email: 'ada' })
    expect([bad.status, bad.header('content-type'), bad.json()]).toEqual([
      400,
      'application/problem+json',
      {
        type: 'about:blank',
        title: 'Bad request',
        status: 400,
        detail: 'email must look like ada@example.org',
        errors: [{ field: 'email', detail: 'must look like ada@example.org' }],
      },
    ])
    expect(limitsOf(bad)).toEqual(waitlistLeft(4))
    expect((await readStats(site.url, from)).json()).toEqual(before)
  })

  it('answers 413, 415, 405 and 404 as problem+json with rate-limit headers', async () => {
    const from = { 'x-forwarded-for': '192.0.2.4' }
    const path = `${site.url}/api/waitlist/join`
    const json = { ...from, 'content-type': 'application/json' }
    const answers = [
      await callSite(path, { method: 'POST', headers: json, body: `{"email":"${'x'.repeat(65_536)}"}` }),
      await callSite(path, { method: 'POST', headers: { ...from, 'content-type': 'text/plain' }, body: 'x' }),
      await callSite(path, { method: 'DELETE', headers: from }),
      await callSite(path, { headers: from }),
      await callSite(`${path}/`, { method: 'POST', headers: json, body: '{' }),
      await callSite(`${site.url}/api/unknown`, { headers: from }),
    ]
    expect(answers.map(status)).toEqual([413, 415, 405, 405, 400, 404])
    expect(answers.map((answer) => answer.header('content-type'))).toEqual(
      answers.map(() => 'application/problem+json'),
    )
    expect(answers.map((answer) => limitsOf(answer).length)).toEqual(answers.map(() => 5))
    expect(answers[2]?.header('allow')).toBe('POST')
  })
})

describe('POST /api/waitlist/join from a form', () => {
  it('leads to a page with the answer', async () => {
    const answer = await joinByForm(site.url, '192.0.2.10', { email: 'form@x.org', referralCode: '' })
    expect(answer.status).toBe(303)
    expect(limitsOf(answer)).toEqual(waitlistLeft(4))
    const page = await follow(answer)
    expect(page).toContain('Check your inbox.')
    expect(page).toMatch(/href="\/\?ref=[2-9A-HJKMNP-Z]{8}"/)
  })

  it('leads to a page that keeps what was typed, beside what is wrong with it', async () => {
    const page = await follow(await joinByForm(site.url, '192.0.2.11', { email: '"><i>ada@' }))
    expect(page).toContain('The e-mail address must look like ada@example.org.')
    expect(page).toContain('value="&quot;&gt;&lt;i&gt;ada@"')
  })

  it('leads to a page that says how long to wait when it is refused', async () => {
    const from = '192.0.2.12'
    for (let nth = 0; nth < 5; nth += 1) await joinByForm(site.url, from, { email: `form${nth}@x.org` })
    const refused = await joinByForm(site.url, from, { email: 'form6@x.org' })
    expect([refused.status, limitsOf(refused)]).toEqual([303, waitlistRefused])
    const page = await follow(refused)
    expect(page).toMatch(/You can send this again in .*>(59|60) s</)
    expect(page).toContain('value="form6@x.org"')
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a sibling of its host', { 'sec-fetch-site': 'same-site', origin: 'https://other.headwater.test' }, 403],
    ['another site in an old browser', { origin: 'https://evil.test' }, 403],
    ['a page without an origin in an old browser', { origin: 'null' }, 403],
    ['its own page', { 'sec-fetch-site': 'same-origin' }, 303],
    ['its own page in an old browser', { origin: 'http://headwater.test', host: 'headwater.test' }, 303],
    [
      'its own page in an old browser, through a proxy',
      { origin: 'https://headwater.test', 'x-forwarded-host': 'headwater.test' },
      303,
    ],
    ['a visitor by themselves', { 'sec-fetch-site': 'none' }, 303],
    ['no browser', {}, 303],
  ])('sent by %s is answered with %j: %i', async (_, headers, status) => {
    const answer = await callSite(`${site.url}/api/waitlist/join`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-forwarded-for': `192.0.2.${60 + JSON.stringify(headers).length}`,
        ...headers,
      },
      body: 'email=victim%40x.org',
    })
    expect(answer.status).toBe(status)
  })
})

describe('GET /api/waitlist/stats', () => {
  const isHit = (answer: Awaited<ReturnType<typeof readStats>>) =>
    /^millpond; hit(;|$)/.test(answer.header('cache-status') ?? '')

  it('is a hit the second time, and fresh right after a join', async () => {
    const from = '192.0.2.20'
    await joinByJson(site.url, from, { email: 'stats0@x.org' })
    const [miss, hit] = [await readStats(site.url, from), await readStats(site.url, from)]
    await joinByJson(site.url, from, { email: 'stats1@x.org' })
    const fresh = await readStats(site.url, from)
    expect([miss, hit, fresh].map(isHit)).toEqual([false, true, false])
    expect(hit.text).toBe(miss.text)
    const before = miss.json() as { totalSignups: number; foundingMembersLeft: number }
    const joined = { ...before, totalSignups: before.totalSignups + 1 }
    expect(fresh.json()).toEqual(joined)
    const token = tokenOf(await readMailLink(site.url, 'stats1@x.org'))
    await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token } })
    const confirmed = { ...joined, foundingMembersLeft: Math.max(0, before.foundingMembersLeft - 1) }
    expect((await readStats(site.url, from)).json()).toEqual(confirmed)
  })

  it('counts a friend once, and nobody for a known address, an unknown code or an own one', async () => {
    const from = '192.0.2.21'
    const friend = (await joinByJson(site.url, from, { email: 'friend@x.org' })).json() as { referralCode: string }
    const total = async () => ((await readStats(site.url, from)).json() as { totalReferrals: number }).totalReferrals
    const before = await total()
    await joinByJson(site.url, from, { email: 'brought@x.org', referralCode: friend.referralCode })
    await joinByJson(site.url, from, { email: 'brought@x.org', referralCode: friend.referralCode })
    await joinByJson(site.url, from, { email: 'friend@x.org', referralCode: friend.referralCode })
    await joinByJson(site.url, from, { email: 'stranger@x.org', referralCode: '22222222' })
    expect((await total()) - before).toBe(0)
    for (const email of ['friend@x.org', 'brought@x.org', 'stranger@x.org']) {
      const token = tokenOf(await readMailLink(site.url, email))
      await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token } })
    }
    expect((await total()) - before).toBe(1)
  })

  it('answers 304 to the ETag it gave', async () => {
    const from = { 'x-forwarded-for': '192.0.2.22' }
    const path = `${site.url}/api/waitlist/stats`
    const etag = (await callSite(path, { headers: from })).header('etag') ?? ''
    const answer = await callSite(path, { headers: { ...from, 'if-none-match': etag } })
    expect([answer.status, answer.text, limitsOf(answer).length]).toEqual([304, '', 5])
  })

  it('is refused by the general limit at the 31st request, and by nothing else', async () => {
    const answers = await Promise.all(Array.from({ length: 31 }, () => readStats(site.url, '192.0.2.23')))
    expect(answers.map(status).sort()).toEqual([...Array.from({ length: 30 }, () => 200), 429])
  })
})

describe('proxy()', () => {
  it('refuses the 61st request to /api by the global limit, which costs the route nothing', async () => {
    const from = { 'x-forwarded-for': '192.0.2.30' }
    const unknown = () => callSite(`${site.url}/api/unknown`, { method: 'OPTIONS', headers: from })
    const answers = await Promise.all(Array.from({ length: 60 }, unknown))
    const refused = await joinByJson(site.url, '192.0.2.30', { email: 'global@x.org' })
    expect(answers.map(status).filter((code) => code !== 404 && code !== 429)).toEqual([])
    expect([refused.status, limitsOf(refused)]).toEqual([
      429,
      [
        'ratelimit-policy: "global";q=60;w=60',
        'ratelimit: "global";r=0;t=S',
        'retry-after: S',
        'x-ratelimit-limit: 60',
        'x-ratelimit-remaining: 0',
        'x-ratelimit-reset: S',
      ],
    ])
    const form = await joinByForm(site.url, '192.0.2.30', { email: 'global@x.org' })
    expect([form.status, form.header('x-ratelimit-limit')]).toEqual([303, '60'])
  })

  it.each([
    ['/api/waitlist/stats', 41],
    ['/api/waitlist/leaderboard', 42],
    ['/api/support/stats', 43],
  ])('leaves both limits of %s to its route, which takes them', async (path, host) => {
    const from = { 'x-forwarded-for': `192.0.2.${host}` }
    const own = await Promise.all(Array.from({ length: 31 }, () => callSite(site.url + path, { headers: from })))
    expect(own.map(status).sort()).toEqual([...Array.from({ length: 30 }, () => 200), 429])
    const left = await callSite(`${site.url}/api/unknown`, { headers: from })
    expect(left.header('x-ratelimit-remaining')).toBe(String(60 - 31))
    const other = { 'x-forwarded-for': `192.0.2.${host + 10}` }
    await Promise.all(Array.from({ length: 60 }, () => callSite(`${site.url}/api/unknown`, { headers: other })))
    const refused = await callSite(site.url + path, { headers: other })
    const spelled = await callSite(`${site.url}${path}/`, { headers: other })
    expect([refused.status, refused.header('ratelimit-policy'), spelled.status]).toEqual([
      429,
      '"global";q=60;w=60',
      429,
    ])
  })

  it('takes the global limit and the route’s own all or nothing', async () => {
    const from = '192.0.2.33'
    for (let nth = 0; nth < 7; nth += 1) await joinByJson(site.url, from, { email: `all${nth}@x.org` })
    const unknown = await callSite(`${site.url}/api/unknown`, { headers: { 'x-forwarded-for': from } })
    // Five joins and this request: what the route's limit refused has taken nothing.
    expect([unknown.status, unknown.header('x-ratelimit-remaining')]).toEqual([404, String(60 - 6)])
  })

  it('counts those whose address cannot be told together, by a small policy of their own', async () => {
    const answers = []
    for (let nth = 0; nth < 21; nth += 1) answers.push(await readStats(site.url, `junk-${nth}`))
    expect(answers.map(status)).toEqual([...Array.from({ length: 20 }, () => 200), 429])
    expect(answers[20]?.header('ratelimit-policy')).toBe('"unknown";q=20;w=60')
    expect((await readStats(site.url, '192.0.2.34')).status).toBe(200)
  })

  it('believes no address and no decision of a client', async () => {
    const forged = {
      'content-type': 'application/json',
      'x-headwater-socket-address': '203.0.113.9',
      'x-headwater-global-limit': '{"status":"degraded","allowed":true,"mode":"open","policies":[]}',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
    }
    const answers = []
    for (let nth = 0; nth < 6; nth += 1) {
      const headers = { ...forged, 'x-forwarded-for': `203.0.113.${nth}, 192.0.2.31` }
      const body = JSON.stringify({ email: `forged${nth}@x.org` })
      answers.push(await callSite(`${site.url}/api/waitlist/join`, { method: 'POST', headers, body }))
    }
    expect(answers.map(status)).toEqual([201, 201, 201, 201, 201, 429])
  })

  it('gives pages a policy with a nonce of their own, and API answers one that allows nothing', async () => {
    const pages = [await callSite(site.url), await callSite(`${site.url}/no-such-page`)]
    const nonces = pages.map((page) => /'nonce-([^']+)'/.exec(page.header('content-security-policy') ?? '')?.[1])
    expect(pages.map(status)).toEqual([200, 404])
    expect(new Set(nonces).size).toBe(2)
    for (const [index, page] of pages.entries()) {
      const scripts = page.text.match(/<script\b[^>]*>/g) ?? []
      expect(scripts.length).toBeGreaterThan(0)
      expect(scripts.filter((tag) => !tag.includes(`nonce="${nonces[index]}"`))).toEqual([])
    }
    const api = await readStats(site.url, '192.0.2.32')
    expect(api.header('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(['x-content-type-options', 'referrer-policy', 'x-frame-options', 'x-powered-by'].map(api.header)).toEqual([
      'nosniff',
      'strict-origin-when-cross-origin',
      'DENY',
      undefined,
    ])
  })
})
