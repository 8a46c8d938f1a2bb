import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, callSite, postJson } from './call-site.ts'
import { type FakeResend, startFakeResend } from './fake-resend.ts'

const adminToken = 'a'.repeat(32)

describeWith('redis', 'the site as functions, without server.mjs', () => {
  let provider: FakeResend
  let dataDir: string
  beforeAll(async () => {
    provider = await startFakeResend()
    dataDir = await mkdtemp(join(tmpdir(), 'headwater-functions-'))
  })
  afterAll(async () => {
    await provider?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** Runs one function for one request, and resolves when it was stopped. */
  async function callFunction(
    path: string,
    ask: (url: string) => Promise<Answer>,
    env: Record<string, string> = {},
  ): Promise<Answer> {
    const child = fork(join(import.meta.dirname, 'function-child.mjs'), [path], {
      execArgv: [],
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        APP_ENV: 'production',
        SITE_URL: 'https://headwater.test',
        DATA_DIR: dataDir,
        CLIENT_ADDRESS: 'proxies:1',
        COOKIE_SECRET: 'c'.repeat(32),
        CACHE_KEY_SECRET: 'k'.repeat(32),
        ADMIN_TOKEN: adminToken,
        RESEND_API_KEY: provider.apiKey,
        RESEND_API_URL: provider.url,
        MAIL_FROM: 'Headwater <list@headwater.test>',
        TEAM_EMAIL: 'team@headwater.test',
        ...env,
      },
    })
    const exit = once(child, 'exit')
    const [url] = await once(child, 'message')
    const answer = await ask(`${url}/${path}`)
    await exit
    return answer
  }
  const message = { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'A message' }

  it.each([
    ['api/waitlist/join', { email: 'ada@x.org' }, ['ada@x.org']],
    ['api/contact', { ...message, submission: crypto.randomUUID() }, ['ada@x.org', 'team@headwater.test']],
  ])('sends the mails of %s before the function is stopped', async (path, body, to) => {
    const before = provider.delivered.length
    expect((await callFunction(path, (url) => postJson(url, { from: '192.0.2.1', body }))).status).toBe(201)
    const sent = provider.delivered.slice(before)
    expect(sent.flatMap((mail) => mail.to).sort()).toEqual(to)
  })

  it('sends a mail that could not be sent at once when somebody reads the metrics', async () => {
    const before = provider.delivered.length
    provider.behave('down')
    await callFunction('api/waitlist/join', (url) => postJson(url, { from: '192.0.2.1', body: { email: 'ben@x.org' } }))
    provider.behave('well')
    const headers = { authorization: `Bearer ${adminToken}` }
    const read = () => callFunction('api/admin/metrics', (url) => callSite(url, { headers }))
    await expect
      .poll(async () => (await read()).status && provider.delivered.length, { timeout: 60_000 })
      .toBe(before + 1)
    expect(provider.delivered.at(-1)?.to).toEqual(['ben@x.org'])
  })

  it('has heard from the store before its first request, since the first answer takes longer than a limit may wait', async () => {
    const redis = await startRedis()
    const rest = await createServer({ redis: redis.url })
    const env = { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token }
    const answer = await callFunction('readyz', (url) => callSite(url), env)
    const metrics = await callSite(`${rest.url}/metrics`, { headers: { authorization: `Bearer ${rest.token}` } })
    await rest.close()
    await redis.stop()
    expect([answer.status, /pipeline",status="200"} (\d+)/.exec(metrics.text)?.[1]]).toEqual([200, '1'])
  })
})
