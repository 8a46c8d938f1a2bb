import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postJson } from './call-site.ts'
import { type FakeResend, startFakeResend } from './fake-resend.ts'

describe('the site as functions, without server.mjs', () => {
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

  it.each([
    ['api/waitlist/join', { email: 'ada@x.org' }, 201, ['ada@x.org']],
    [
      'api/contact',
      { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'A message', submission: crypto.randomUUID() },
      201,
      ['ada@x.org', 'team@headwater.test'],
    ],
  ])('sends the mails of %s before the function is stopped', async (path, body, status, to) => {
    const before = provider.delivered.length
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
        RESEND_API_KEY: provider.apiKey,
        RESEND_API_URL: provider.url,
        MAIL_FROM: 'Headwater <list@headwater.test>',
        TEAM_EMAIL: 'team@headwater.test',
      },
    })
    const exit = once(child, 'exit')
    const [url] = await once(child, 'message')
    const answer = await postJson(`${url}/${path}`, { from: '192.0.2.1', body })
    expect([answer.status, answer.text.includes('problem')]).toEqual([status, false])
    await exit
    const sent = provider.delivered.slice(before)
    expect(sent.flatMap((mail) => mail.to).sort()).toEqual(to)
  })
})
