import { describeWith, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, limitsOf, postForm, postJson } from './call-site.ts'
import { startFakeResend } from './fake-resend.ts'
import { type StartedSite, startSite } from './start-site.ts'

const message = { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'A message' }

describe('POST /api/contact', () => {
  let site: StartedSite
  beforeAll(async () => {
    site = await startSite({ CLIENT_ADDRESS: 'proxies:1' })
  })
  afterAll(() => site?.stop())

  const send = (from: string, body: unknown) => postJson(`${site.url}/api/contact`, { from, body })

  it('refuses the fourth within a minute, says when, and a mistake costs nothing', async () => {
    const from = '192.0.2.1'
    const wrong = await send(from, { ...message, email: 'ada' })
    expect([wrong.status, wrong.json()]).toEqual([
      400,
      expect.objectContaining({
        errors: [{ field: 'email', detail: 'must look like ada@example.org' }],
      }),
    ])
    const answers = []
    for (let nth = 0; nth < 4; nth += 1) answers.push(await send(from, message))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 429])
    expect(answers[0]?.json()).toEqual({
      message: expect.stringContaining('has arrived'),
      ticket: expect.stringMatching(/^HW-[2-9A-HJKMNP-Z]{8}$/),
    })
    expect(answers.slice(2).map(limitsOf)).toEqual([
      [
        'ratelimit-policy: "contact";q=3;w=60',
        'ratelimit: "contact";r=0;t=S',
        'x-ratelimit-limit: 3',
        'x-ratelimit-remaining: 0',
        'x-ratelimit-reset: S',
      ],
      [
        'ratelimit-policy: "contact";q=3;w=60',
        'ratelimit: "contact";r=0;t=S',
        'retry-after: S',
        'x-ratelimit-limit: 3',
        'x-ratelimit-remaining: 0',
        'x-ratelimit-reset: S',
      ],
    ])
  })

  it('writes at most three receipts an hour to one address, whoever sends, and loses no message', async () => {
    for (let nth = 0; nth < 5; nth += 1) {
      expect(
        (await send(`192.0.2.${20 + nth}`, { ...message, email: 'victim@x.org', subject: `S${nth}` })).status,
      ).toBe(201)
    }
    const mails = async () => (await callSite(`${site.url}/dev/mail`)).text.replaceAll('<!-- -->', '')
    const countOf = (page: string, text: RegExp) => (page.match(text) ?? []).length
    await expect.poll(async () => countOf(await mails(), /<h2[^>]*>\[HW-\w{8}\] S\d</g), { timeout: 15_000 }).toBe(5)
    expect(countOf(await mails(), /<p[^>]*>to victim@x\.org, /g)).toBe(3)
  })

  it('answers a form with a page, that keeps what was typed when something is wrong', async () => {
    const path = `${site.url}/api/contact`
    const follow = async (answer: Awaited<ReturnType<typeof postForm>>) => {
      const cookie = answer.header('set-cookie')?.split(';')[0] ?? ''
      return (await callSite(new URL(answer.header('location') ?? '', site.url).href, { headers: { cookie } })).text
    }
    const wrong = await postForm(path, {
      from: '192.0.2.3',
      fields: { ...message, email: 'ada', message: '<b>Text</b>' },
    })
    const page = await follow(wrong)
    expect(wrong.status).toBe(303)
    expect(page).toContain('&lt;b&gt;Text&lt;/b&gt;')
    expect(page.replaceAll('<!-- -->', '')).toContain('This field must look like ada@example.org.')
    expect(await follow(await postForm(path, { from: '192.0.2.3', fields: message }))).toMatch(/HW-\w{8}/)
    for (const nth of [1, 2]) await postForm(path, { from: '192.0.2.3', fields: { ...message, subject: `${nth}` } })
    const refused = await postForm(path, { from: '192.0.2.3', fields: message })
    expect([refused.status, refused.header('x-ratelimit-remaining')]).toEqual([303, '0'])
    expect(await follow(refused)).toContain('Too many tries from your network.')
  })

  it('shows no page of the mailbox and asks for every setting in production', async () => {
    const { stop, url } = await startSite({
      APP_ENV: 'production',
      COOKIE_SECRET: 'c'.repeat(32),
      CACHE_KEY_SECRET: 'k'.repeat(32),
      RESEND_API_KEY: 're_1',
      RESEND_API_URL: 'http://127.0.0.1:1',
      MAIL_FROM: 'list@headwater.test',
      TEAM_EMAIL: 'team@headwater.test',
      SITE_URL: 'https://headwater.test',
    })
    const answers = [await callSite(`${url}/dev/mail`), await callSite(url)]
    await stop()
    expect(answers.map(({ status }) => status)).toEqual([404, 200])
    expect(answers[1]?.text).not.toContain('/dev/mail')
  })
})

describeWith('postgres', 'a site that is killed between storing and sending', () => {
  it('delivers the message once when it is back', async () => {
    const [postgres, provider] = await Promise.all([startPostgres(), startFakeResend()])
    const env = {
      DATABASE_URL: await postgres.createDatabase(),
      RESEND_API_KEY: provider.apiKey,
      RESEND_API_URL: provider.url,
      MAIL_FROM: 'list@headwater.test',
      TEAM_EMAIL: 'team@headwater.test',
    }
    provider.behave('down')
    const first = await startSite(env)
    const { ticket } = (await postJson(`${first.url}/api/contact`, { from: '', body: message })).json() as {
      ticket: string
    }
    await expect.poll(() => provider.requests(), { timeout: 15_000 }).toBeGreaterThan(1)
    process.kill(first.pid, 'SIGKILL')
    await first.stop()
    expect(provider.delivered).toEqual([])
    provider.behave('well')
    const second = await startSite(env)
    const receivers = () => provider.delivered.map(({ to, subject }) => [...to, subject].join(' ')).sort()
    await expect
      .poll(receivers, { timeout: 45_000 })
      .toEqual([`ada@x.org We have your message (${ticket})`, `team@headwater.test [${ticket}] Hello`])
    await second.stop()
    await provider.close()
    await postgres.stop()
    expect(provider.delivered.length).toBe(2)
  }, 90_000)
})
