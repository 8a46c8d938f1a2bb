import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { eq } from 'drizzle-orm'
import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storeContact } from '../src/contact/store-contact.ts'
import { mailOutbox } from '../src/db/schema.ts'
import { countMails } from '../src/mail/count-mails.ts'
import type { MailTransport } from '../src/mail/mail.ts'
import { startMailer } from '../src/mail/mailer.ts'
import { deliverDue, maxAttempts, type OutboxOptions } from '../src/mail/outbox.ts'
import { resend } from '../src/mail/resend.ts'
import { type FakeResend, startFakeResend } from './fake-resend.ts'
import { type OpenedDatabase, openPglite, openPostgres } from './open-databases.ts'

/** Every part of a mail's HTML that could do something. */
const markup = '<script>alert(1)</script> <img src=x onerror=alert(1)> "quoted" & \'single\''

function outboxTests(open: () => Promise<OpenedDatabase>, { hasConnections }: { hasConnections: boolean }): void {
  let opened: OpenedDatabase
  let provider: FakeResend
  let clock: number
  let failures: string[]

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())
  beforeEach(async () => {
    await provider?.close()
    provider = await startFakeResend()
    await opened.database.db.delete(mailOutbox)
    // A little ahead of the database's clock, which stamps what is queued.
    clock = Date.now() + 5_000
    failures = []
  })
  afterAll(() => provider?.close())

  const optionsFor = (transport: MailTransport): OutboxOptions => ({
    db: opened.database.db,
    transport,
    baseUrl: 'https://headwater.test',
    secret: 's'.repeat(32),
    teamEmail: 'team@headwater.test',
    now: () => new Date(clock),
    onFailure: ({ kind, attempts, reason, next }) =>
      failures.push(`${kind} ${attempts} ${reason}${next === 'again' ? '' : `: ${next}`}`),
  })
  const deliver = async (options: OutboxOptions) => (await deliverDue(options)).sent
  const toProvider = () =>
    resend({ apiKey: provider.apiKey, from: 'Headwater <list@headwater.test>', url: provider.url })
  const write = (change: Partial<Parameters<typeof storeContact>[1]> = {}) => {
    const input = { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'A message', submission: randomUUID() }
    return storeContact(opened.database.db, { ...input, ...change }, { sendReceipt: true })
  }

  it('delivers every message once after a minute without the provider', async () => {
    provider.behave('down')
    for (let nth = 0; nth < 12; nth += 1) await write({ subject: `Number ${nth}` })
    const options = optionsFor(toProvider())
    const start = clock
    for (; clock < start + 60_000; clock += 1_000) expect(await deliver(options)).toBe(0)
    expect(failures.length).toBe(24 * 5)
    expect(failures[0]).toMatch(/^contact-(team|receipt) 1 HTTP 503 service_unavailable$/)
    provider.behave('well')
    clock += 60_000
    expect(await deliver(options)).toBe(24)
    expect(await deliver(options)).toBe(0)
    const subjects = provider.delivered
      .filter(({ to }) => to[0] === 'team@headwater.test')
      .map(({ subject }) => subject)
    expect(subjects.map((subject) => subject.replace(/^\[HW-\w{8}\] /, '')).sort()).toEqual(
      Array.from({ length: 12 }, (_, nth) => `Number ${nth}`).sort(),
    )
    expect(provider.delivered.length).toBe(24)
  })

  it('delivers once what a process took and sent, and did not live to note', async () => {
    await write()
    const dead: MailTransport = {
      kind: 'resend',
      send: async (mail, options) => {
        await toProvider().send(mail, options)
        throw new Error('killed')
      },
    }
    await expect(deliver(optionsFor(dead))).rejects.toThrow('killed')
    await expect.poll(() => provider.delivered.length).toBe(2)
    clock += 19_999
    expect(await deliver(optionsFor(toProvider()))).toBe(0)
    clock += 1
    expect(await deliver(optionsFor(toProvider()))).toBe(2)
    expect([provider.delivered.length, provider.requests()]).toEqual([2, 4])
  })

  it('sends each mail once when several processes look at the same time', async () => {
    for (let nth = 0; nth < 15; nth += 1) await write()
    const sent = await Promise.all([1, 2, 3, 4].map(() => deliver(optionsFor(toProvider()))))
    expect(sent.reduce((total, each) => total + each, 0)).toBe(30)
    expect([provider.delivered.length, provider.requests()]).toEqual([30, 30])
  })

  if (hasConnections) {
    it('leaves what another process is taking to that one, and does not wait for it', async () => {
      await write()
      await opened.database.db.transaction(async (tx) => {
        await tx.select().from(mailOutbox).limit(1).for('update')
        const delivering = deliver(optionsFor(toProvider()))
        await expect.poll(() => provider.delivered.length, { timeout: 10_000 }).toBe(1)
        expect(await delivering).toBe(1)
      })
      expect(await deliver(optionsFor(toProvider()))).toBe(1)
    })
  }

  it('takes ten at a time, those first that have waited longest', async () => {
    for (let nth = 0; nth < 6; nth += 1) await write()
    const { db } = opened.database
    const queued = await db.select().from(mailOutbox)
    for (const [index, { id }] of queued.entries()) {
      await db
        .update(mailOutbox)
        .set({ nextAttemptAt: new Date(clock - index) })
        .where(eq(mailOutbox.id, id))
    }
    const asked: string[] = []
    const send: MailTransport['send'] = async (_, { idempotencyKey }) => {
      asked.push(idempotencyKey)
      return { status: 'throttled', reason: 'busy', retryAfterMs: 1_000 }
    }
    expect(await deliver(optionsFor({ kind: 'resend', send }))).toBe(0)
    const longest = queued.slice(2).map((mail) => mail.idempotencyKey)
    expect(asked.sort()).toEqual(longest.sort())
  })

  it('keeps a mail that the provider answers with an error, whatever the status', async () => {
    await write()
    const wrongKey = resend({ apiKey: 're_wrong', from: 'a@x.org', url: provider.url })
    expect(await deliver(optionsFor(wrongKey))).toBe(0)
    expect(failures.sort()).toEqual([
      'contact-receipt 1 HTTP 401 missing_api_key',
      'contact-team 1 HTTP 401 missing_api_key',
    ])
    const nowhere = resend({ apiKey: 're_1', from: 'a@x.org', url: 'http://127.0.0.1:1' })
    clock += 10_000
    expect(await deliver(optionsFor(nowhere))).toBe(0)
    clock += 10_000
    expect(await deliver(optionsFor(toProvider()))).toBe(2)
  })

  it('waits for a provider that hangs no longer than its time, whatever the garbage collector takes', async () => {
    provider.behave('hung')
    setFlagsFromString('--expose-gc')
    const timer = setInterval(runInNewContext('gc'), 10)
    const transport = resend({ apiKey: provider.apiKey, from: 'a@x.org', url: provider.url, deadlineMs: 100 })
    const mail = { to: 'ada@x.org', subject: 'Hello', text: 'A message', html: '<p>A message</p>' }
    const sent = await transport.send(mail, { idempotencyKey: randomUUID(), signal: new AbortController().signal })
    clearInterval(timer)
    expect(sent).toEqual({ status: 'failed', reason: 'TimeoutError' })
  })

  it('asks again for a mail that the provider is still at, which it then delivers once', async () => {
    await write()
    provider.behave('hung')
    const impatient = resend({ apiKey: provider.apiKey, from: 'a@x.org', url: provider.url, deadlineMs: 100 })
    expect(await deliver(optionsFor(impatient))).toBe(0)
    clock += 2_000
    expect(await deliver(optionsFor(impatient))).toBe(0)
    expect(failures.sort()).toEqual([
      'contact-receipt 1 TimeoutError',
      'contact-receipt 2 HTTP 409 concurrent_idempotent_requests',
      'contact-team 1 TimeoutError',
      'contact-team 2 HTTP 409 concurrent_idempotent_requests',
    ])
    provider.behave('well')
    clock += 4_000
    expect(await deliver(optionsFor(impatient))).toBe(2)
    expect([provider.delivered.length, provider.requests()]).toEqual([2, 6])
  })

  it('ends a mail that was taken with other words, whose repetition would be refused for ever', async () => {
    await write()
    const lost: MailTransport = {
      kind: 'resend',
      send: async (mail, options) => {
        await toProvider().send(mail, options)
        return { status: 'failed', reason: 'TimeoutError' }
      },
    }
    expect(await deliver(optionsFor(lost))).toBe(0)
    const renamed = resend({ apiKey: provider.apiKey, from: 'Another name <list@headwater.test>', url: provider.url })
    clock += 2_000
    expect(await deliver(optionsFor(renamed))).toBe(0)
    expect(failures.sort().filter((line) => / 2 /.test(line))).toEqual([
      'contact-receipt 2 HTTP 409 invalid_idempotent_request: taken-before',
      'contact-team 2 HTTP 409 invalid_idempotent_request: taken-before',
    ])
    clock += 86_400_000
    expect(await deliver(optionsFor(renamed))).toBe(0)
    expect([provider.delivered.length, provider.requests()]).toEqual([2, 4])
    expect(await countMails(opened.database.db)).toEqual({ due: 0, givenUp: 0 })
  })

  it('tells of a mail that is given up, once, and counts it from then on', async () => {
    await write()
    provider.behave('down')
    const { db } = opened.database
    expect(await countMails(db)).toEqual({ due: 2, givenUp: 0 })
    await db.update(mailOutbox).set({ attempts: maxAttempts - 1 })
    expect(await deliver(optionsFor(toProvider()))).toBe(0)
    clock += 86_400_000
    expect(await deliver(optionsFor(toProvider()))).toBe(0)
    expect(failures.sort()).toEqual([
      'contact-receipt 55 HTTP 503 service_unavailable: given-up',
      'contact-team 55 HTTP 503 service_unavailable: given-up',
    ])
    expect(await countMails(db)).toEqual({ due: 0, givenUp: 2 })
  })

  it('asks a provider that is busy no more before it said, and counts no attempt for it', async () => {
    provider.behave('busy')
    for (let nth = 0; nth < 12; nth += 1) await write()
    const options = optionsFor(toProvider())
    // The last attempt of each, were it one.
    const before = maxAttempts - 1
    await opened.database.db.update(mailOutbox).set({ attempts: before })
    expect(await deliverDue(options)).toEqual({ sent: 2, throttledMs: 30_000 })
    // The batch that was on its way, and none after it.
    expect(provider.requests()).toBe(10)
    expect(failures).toEqual(
      failures.map((line) => line.replace(/ \d.*/, ` ${maxAttempts} HTTP 429 rate_limit_exceeded`)),
    )
    const times = await opened.database.db.select().from(mailOutbox)
    expect(times.filter(({ sentAt, attempts }) => sentAt === null && attempts !== before)).toEqual([])
    expect(times.filter(({ nextAttemptAt }) => nextAttemptAt.getTime() === clock + 30_000).length).toBe(8)
    for (let more = 22; more > 0; more -= 2) {
      provider.tick()
      clock += 30_000
      expect((await deliverDue(options)).sent).toBe(2)
    }
    expect(provider.delivered.length).toBe(24)
  })

  it('leaves a busy provider alone though more is queued, until the time that it said', async () => {
    provider.behave('busy')
    for (let nth = 0; nth < 6; nth += 1) await write()
    const mailer = startMailer(optionsFor(toProvider()))
    await expect.poll(() => failures.length).toBe(8)
    await write()
    await mailer.nudge()
    // Whoever looks now finds what the mailer has left: two of the first twelve, and the two that came since.
    const left: string[] = []
    const send: MailTransport['send'] = async ({ to }) => {
      left.push(...to)
      return { status: 'sent' }
    }
    expect(await deliver(optionsFor({ kind: 'resend', send }))).toBe(4)
    expect(provider.requests()).toBe(10)
    provider.behave('well')
    clock += 30_000
    await mailer.nudge()
    expect(provider.delivered.length).toBe(10)
    await mailer.close()
  })

  it('begins no batch after it was stopped, and leaves a provider that does not answer', async () => {
    provider.behave('hung')
    for (let nth = 0; nth < 12; nth += 1) await write()
    const mailer = startMailer(optionsFor(toProvider()))
    await expect.poll(() => provider.requests()).toBe(10)
    await mailer.close()
    await mailer.nudge()
    expect(failures.map((line) => line.replace(/^.* 1 /, ''))).toEqual(Array.from({ length: 10 }, () => 'AbortError'))
    expect(provider.requests()).toBe(10)
    provider.behave('well')
    clock += 10_000
    expect(await deliver(optionsFor(toProvider()))).toBe(24)
    expect(provider.delivered.length).toBe(24)
  })

  it('carries what a visitor wrote as text to the team, and not at all to the address they gave', async () => {
    const ticket = await write({ name: markup, subject: markup, message: `${markup}\nhttps://evil.test/` })
    await deliver(optionsFor(toProvider()))
    const [team] = provider.delivered.filter(({ to }) => to[0] === 'team@headwater.test')
    const [receipt] = provider.delivered.filter(({ to }) => to[0] === 'ada@x.org')
    expect(team).toMatchObject({ subject: `[${ticket}] ${markup}`, reply_to: 'ada@x.org' })
    expect(team?.html).not.toMatch(/<(script|img|a)\b/)
    const escaped =
      '&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(1)&gt; &quot;quoted&quot; &amp; &#39;single&#39;'
    expect(team?.html).toContain(`Subject: ${escaped}</p>`)
    expect(receipt?.subject).toBe(`We have your message (${ticket})`)
    expect(`${receipt?.text}${receipt?.html}`).not.toMatch(/script|evil|quoted/)
  })

  it('storeContact() gives the same ticket for the same submission, and one mail each', async () => {
    const submission = randomUUID()
    const tickets = await Promise.all([1, 2, 3].map(() => write({ submission })))
    expect(new Set(tickets).size).toBe(1)
    expect(await deliver(optionsFor(toProvider()))).toBe(2)
  })
}

describe('the outbox in PGlite', () => outboxTests(openPglite, { hasConnections: false }))

describeWith('postgres', 'the outbox in PostgreSQL', () => outboxTests(openPostgres, { hasConnections: true }))
