import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByJson, postForm, postJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

const status = (answer: { status: number }): number => answer.status
const message = { name: 'Ada', email: 'ada@x.org', subject: 'A device', message: 'Does it read scales?' }

describe('what nobody sends by accident', () => {
  let site: StartedSite
  let visitors = 0
  beforeAll(async () => {
    site = await startSite({ CLIENT_ADDRESS: 'proxies:1' })
  })
  afterAll(() => site?.stop())

  /** A new visitor each time, so that no limit answers in place of what is tested. */
  const from = (): string => {
    visitors += 1
    return `198.51.100.${visitors}`
  }
  const post = (path: string, body: unknown) => postJson(`${site.url}${path}`, { from: from(), body })

  it.each(['/', '/api/waitlist/stats', '/me'])(
    'answers %s with 300 headers, and 431 to 20 kB of them',
    async (path) => {
      const many = Object.fromEntries(Array.from({ length: 300 }, (_, nth) => [`x-flood-${nth}`, 'x']))
      const headers = { 'x-forwarded-for': from() }
      const answers = [
        await callSite(site.url + path, { headers: { ...headers, ...many } }),
        await callSite(site.url + path, { headers: { ...headers, 'x-flood': 'x'.repeat(20_000) } }),
        await callSite(site.url + path, { headers: { ...headers, cookie: 'a=b; '.repeat(4_000) } }),
        await callSite(site.url + path, { headers }),
      ]
      expect(answers.map(status)).toEqual([200, 431, 431, 200])
    },
  )

  it('answers 405 to a method that a page or the site does not have', async () => {
    const ask = async (method: string, path: string) => {
      const answer = await callSite(site.url + path, { method, headers: { 'x-forwarded-for': from() } })
      return [answer.status, answer.header('allow')]
    }
    for (const path of ['/', '/me', '/confirm', '/contact', '/missing']) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        expect([path, method, ...(await ask(method, path))]).toEqual([path, method, 405, 'GET, HEAD'])
      }
    }
    expect(await ask('HEAD', '/')).toEqual([200, undefined])
    expect(await ask('TRACE', '/')).toEqual([405, 'GET, HEAD, POST'])
    expect(await ask('TRACE', '/api/waitlist/join')).toEqual([405, 'GET, HEAD, POST'])
    expect(site.errors()).not.toMatch(/TRACE/)
  })

  it('gives a form that is refused its page even when nothing of it can be read', async () => {
    const address = from()
    const large = { from: address, fields: { message: 'x'.repeat(70_000) } }
    for (let nth = 0; nth < 30; nth += 1) await postForm(`${site.url}/api/contact`, large)
    const refused = await postForm(`${site.url}/api/contact`, large)
    expect([refused.status, refused.header('location')?.replace(/=\w+/, '=')]).toEqual([
      303,
      '/contact?note=#write-note',
    ])
  })

  it.each([
    ['NUL', 'a\0@x.org'],
    ['a zero-width space', 'a\u200B@x.org'],
    ['an override of the direction', 'a\u202E@x.org'],
    ['a Cyrillic letter in the name', '\u0430da@x.org'],
    ['a Cyrillic letter in the host', 'ada@b\u0430nk.org'],
    ['a host in other letters', 'ada@пример.рф'],
    ['a full-width sign', 'ada＠x.org'],
    ['a pile of accents', `a${'\u0301'.repeat(90)}@x.org`],
    ['half a character', 'a\uD800@x.org'],
  ])('refuses an address with %s', async (_, email) => {
    const answers = [
      await post('/api/waitlist/join', { email }),
      await post('/api/waitlist/link', { email }),
      await post('/api/contact', { ...message, email }),
    ]
    expect(answers.map(status)).toEqual([400, 400, 400])
    expect(answers.map((answer) => answer.header('content-type'))).toEqual(
      answers.map(() => 'application/problem+json'),
    )
  })

  it.each(['a\0', 'a\u200B', '\u202Egpj', 'a\uDC00', `a${'\u0316'.repeat(60)}`])(
    'refuses the name, subject and answer %j',
    async (text) => {
      const answers = [
        await post('/api/contact', { ...message, name: text }),
        await post('/api/contact', { ...message, subject: text }),
        await post('/api/waitlist/join', { email: 'quiz@x.org', quiz: { goal: text } }),
        await post('/api/waitlist/join', { email: 'quiz@x.org', quiz: { apps: [text] } }),
      ]
      expect(answers.map(status)).toEqual([400, 400, 400, 400])
    },
  )

  it('says in the page what is wrong with a form', async () => {
    const fields = { ...message, name: 'a\u202Eb' }
    const answer = await postForm(`${site.url}/api/contact`, { from: from(), fields })
    const cookie = answer.header('set-cookie')?.split(';')[0] ?? ''
    const page = await callSite(new URL(answer.header('location') ?? '', site.url).href, { headers: { cookie } })
    expect(answer.status).toBe(303)
    expect(page.text).toContain('must not contain control characters')
  })

  it.each(['/api/waitlist/join', '/api/waitlist/link', '/api/contact'])('answers 413 to 1 MB at %s', async (path) => {
    const long = 'x'.repeat(1_000_000)
    const answers = [
      await post(path, { ...message, message: long }),
      await postForm(`${site.url}${path}`, { from: from(), fields: { ...message, message: long } }),
    ]
    expect(answers.map(status)).toEqual([413, 413])
  })

  it('answers a method that a page or a route does not have without a mistake of its own', async () => {
    const paths = ['/', '/me', '/api/contact', '/api/waitlist/stats']
    for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
      for (const path of paths) {
        const answer = await callSite(site.url + path, { method, headers: { 'x-forwarded-for': from() } })
        expect([method, path, answer.status < 500]).toEqual([method, path, true])
      }
    }
  })

  it('has stored nothing of all that', async () => {
    expect((await joinByJson(site.url, from(), { email: 'good@x.org' })).status).toBe(201)
    await readMailLink(site.url, 'good@x.org')
    const mailbox = (await callSite(`${site.url}/dev/mail`)).text.replaceAll('<!-- -->', '')
    expect(mailbox.match(/to [\w.]+@[\w.]+, /g)).toEqual(['to good@x.org, '])
  })
})

describe('an address that the client makes up', () => {
  /** Everything that some proxy somewhere writes the visitor's address into. */
  const forged = (nth: number): Record<string, string> => ({
    'x-headwater-socket-address': `203.0.113.${nth}`,
    'x-forwarded-for': `203.0.113.${nth}`,
    'x-vercel-forwarded-for': `203.0.113.${nth}`,
    'x-vercel-proxied-for': `203.0.113.${nth}`,
    'cf-connecting-ip': `203.0.113.${nth}`,
    'cf-connecting-ipv6': `2001:db8:${nth}::1`,
    'true-client-ip': `203.0.113.${nth}`,
    'fly-client-ip': `203.0.113.${nth}`,
    'x-real-ip': `203.0.113.${nth}`,
    'x-client-ip': `203.0.113.${nth}`,
    forwarded: `for=203.0.113.${nth}`,
    via: `1.1 203.0.113.${nth}`,
  })

  // What the platform itself writes; with two proxies the outer one writes the visitor's, the inner one the outer's.
  it.each([
    ['socket', () => ({})],
    ['vercel', () => ({ 'x-vercel-forwarded-for': '192.0.2.1' })],
    ['cloudflare', () => ({ 'cf-connecting-ip': '192.0.2.1' })],
    ['proxies:1', (nth: number) => ({ 'x-forwarded-for': `203.0.113.${nth}, 192.0.2.1` })],
    ['proxies:2', (nth: number) => ({ 'x-forwarded-for': `203.0.113.${nth}, 192.0.2.1, 10.0.0.1` })],
    // The test itself, on this machine, is the innermost proxy; the one before it is of the other network.
    [
      'trusted:127.0.0.0/8,::1,10.0.0.0/8',
      (nth: number) => ({ 'x-forwarded-for': `203.0.113.${nth}, 192.0.2.1, 10.0.0.1` }),
    ],
  ] as const)('gains nothing where CLIENT_ADDRESS is %s', async (profile, platform) => {
    const site = await startSite({ CLIENT_ADDRESS: profile })
    const answers = []
    for (let nth = 0; nth < 6; nth += 1) {
      const headers = { 'content-type': 'application/json', ...forged(nth), ...platform(nth) }
      const body = JSON.stringify({ email: `forged${nth}@x.org` })
      answers.push(await callSite(`${site.url}/api/waitlist/join`, { method: 'POST', headers, body }))
    }
    await site.stop()
    expect(answers.map(status)).toEqual([201, 201, 201, 201, 201, 429])
    expect(answers[5]?.header('ratelimit-policy')).toBe('"waitlist";q=5;w=60')
  })
})
