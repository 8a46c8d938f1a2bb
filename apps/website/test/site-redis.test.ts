import { describeWith, startPostgres, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callSite, joinByJson, limitsOf, postJson, readStats } from './call-site.ts'
import { followStream } from './follow-stream.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

const secrets = { COOKIE_SECRET: 'c'.repeat(32), CACHE_KEY_SECRET: 'k'.repeat(32) }

describeWith(['redis', 'postgres'], 'the site on Redis over REST and on PostgreSQL', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let rest: Awaited<ReturnType<typeof createServer>>
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let databaseUrl: string
  let site: StartedSite
  let database: pg.Client

  beforeAll(async () => {
    const started = await Promise.all([startRedis(), startPostgres()])
    redis = started[0]
    postgres = started[1]
    databaseUrl = await postgres.createDatabase()
    rest = await createServer({ redis: redis.url })
    site = await startSite({
      DATABASE_URL: databaseUrl,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      CLIENT_ADDRESS: 'proxies:1',
      // Every instance on one database may send any mail: its link must be good at all of them.
      ...secrets,
    })
    database = new pg.Client({ connectionString: databaseUrl })
    await database.connect()
  })
  afterAll(async () => {
    await database?.end()
    await site?.stop()
    await rest?.close()
    await Promise.all([redis?.stop(), postgres?.stop()])
  })

  const countOf = async (sql: string): Promise<number> => Number((await database.query(sql)).rows[0].count)

  it('joinWaitlist() makes one row, one mail and one referral of 40 joins of one address at a time', async () => {
    const friend = (await joinByJson(site.url, '192.0.2.100', { email: 'friend@x.org' })).json() as {
      referralCode: string
    }
    const joins = Array.from({ length: 40 }, (_, nth) =>
      joinByJson(site.url, `192.0.2.${nth}`, { email: 'one@x.org', referralCode: friend.referralCode }),
    )
    const answers = await Promise.all(joins)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 201))
    expect(await countOf('select count(*) from signups')).toBe(2)
    expect(await countOf('select count(*) from mail_outbox')).toBe(2)
    expect(await countOf('select count(*) from referrals')).toBe(1)
    expect(
      await countOf(
        "select count(*) from referral_codes c join signups s on s.id = c.signup_id where s.email = 'one@x.org'",
      ),
    ).toBe(20)
  })

  it('counts across processes, and a join in one is seen at once in the other', async () => {
    const env = {
      DATABASE_URL: databaseUrl,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      CLIENT_ADDRESS: 'proxies:1',
      ...secrets,
    }
    const [other, twin] = await Promise.all([startSite(env), startSite(env)])
    const from = '192.0.2.200'
    const total = async (at: StartedSite) => (await readStats(at.url, from)).json() as { totalSignups: number }
    const before = await total(twin)
    const stream = await followStream(twin.url, '192.0.2.201')
    const answers = []
    for (let nth = 0; nth < 6; nth += 1) {
      answers.push(await joinByJson(nth % 2 === 0 ? other.url : twin.url, from, { email: `across${nth}@x.org` }))
    }
    const token = tokenOf(await readMailLink(twin.url, 'across0@x.org'))
    const confirmed = await postJson(`${other.url}/api/waitlist/confirm`, { from, body: { token } })
    expect(confirmed.status).toBe(200)
    const after = await total(twin)
    // Whoever watches the other instance is told, without pub/sub between the two.
    await expect
      .poll(() => stream.figures().at(-1), { timeout: 20_000 })
      .toMatchObject({ totalSignups: before.totalSignups + 5 })
    await Promise.all([other.stop(), twin.stop()])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429])
    expect(after.totalSignups - before.totalSignups).toBe(5)
  })

  /** Of this test, and of the REST server, which seals what holds a script. */
  const ofOthers = ['info', 'echo']

  /** How often Redis has been asked for each command so far, those inside scripts too. */
  async function readCalls(): Promise<Map<string, number>> {
    const headers = { authorization: `Bearer ${rest.token}` }
    const answer = await callSite(rest.url, { method: 'POST', headers, body: '["INFO","commandstats"]' })
    const { result } = answer.json() as { result: string }
    const lines = result.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)
    return new Map([...lines].map(([, name = '', calls]) => [name, Number(calls)]))
  }

  it('asks Redis for six commands for a limited cached GET, and for none while a refusal is remembered', async () => {
    const read = (from: string) =>
      callSite(`${site.url}/api/waitlist/leaderboard`, { headers: { 'x-forwarded-for': from } })
    const costOf = async (from: string) => {
      const before = await readCalls()
      const { status } = await read(from)
      const after = await readCalls()
      const made = [...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const)
      return {
        status,
        calls: Object.fromEntries(made.filter(([name, calls]) => calls > 0 && !ofOthers.includes(name))),
      }
    }
    await read('192.0.2.203')
    // Two limits share the script, the clock and the read; each is written by a command of its own.
    expect(await costOf('192.0.2.204')).toEqual({ status: 200, calls: { evalsha: 1, time: 1, mget: 2, set: 2 } })
    for (let nth = 0; nth < 30; nth += 1) await read('192.0.2.204')
    expect(await costOf('192.0.2.204')).toEqual({ status: 429, calls: {} })
  })

  it('answers pages and APIs, degraded where declared and never 500, while Redis hangs', async () => {
    const from = '192.0.2.205'
    redis.kill('SIGSTOP')
    const paths = ['/', '/leaderboard', '/support', '/me', '/contact', '/demo', '/privacy', '/missing']
    const apis = ['stats', 'leaderboard', 'status', 'join']
    const pages = await Promise.all(paths.map((path) => callSite(site.url + path)))
    const reads = await Promise.all(
      apis.map((name) => callSite(`${site.url}/api/waitlist/${name}`, { headers: { 'x-forwarded-for': from } })),
    )
    const join = await joinByJson(site.url, from, { email: 'hung@x.org' })
    redis.kill('SIGCONT')
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200, 404])
    expect(reads.map(({ status }) => status)).toEqual([200, 200, 401, 405])
    expect([join.status, limitsOf(join)]).toEqual([201, []])
    expect(await countOf("select count(*) from signups where email = 'hung@x.org'")).toBe(1)
    await expect
      .poll(async () => limitsOf(await readStats(site.url, '192.0.2.206')).length, { timeout: 60_000, interval: 2_500 })
      .toBe(5)
  })

  it('answers without an error when Redis is killed', async () => {
    const from = '192.0.2.210'
    expect((await readStats(site.url, from)).status).toBe(200)
    redis.kill('SIGKILL')
    const reads = await Promise.all(Array.from({ length: 10 }, () => readStats(site.url, from)))
    const page = await callSite(site.url)
    const join = await joinByJson(site.url, from, { email: 'without@x.org' })
    const fresh = await readStats(site.url, from)
    expect(reads.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect([page.status, join.status, fresh.status]).toEqual([200, 201, 200])
    expect(limitsOf(join)).toEqual([])
    const more = []
    for (let nth = 0; nth < 5; nth += 1) more.push(await joinByJson(site.url, from, { email: `local${nth}@x.org` }))
    expect(more.map(({ status }) => status)).toEqual([201, 201, 201, 201, 429])
    expect(more[4] && limitsOf(more[4])).toEqual(['retry-after: S'])
    const last = await readStats(site.url, from)
    expect(last.json()).toMatchObject({
      totalSignups: await countOf('select count(*) from signups'),
    })
  })
})
