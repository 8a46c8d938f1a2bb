import { describeWith, freePort, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { expect, it } from 'vitest'
import { callSite, joinByJson, limitsOf, readStats } from './call-site.ts'
import { startSite } from './start-site.ts'

describeWith('redis', 'a site whose Redis is refused at its start', () => {
  it('starts, answers pages and joins by its own count, tells the admin alone, and shares the limits once Redis is there', async () => {
    const [port, redis] = await Promise.all([freePort(), startRedis()])
    const token = 't'.repeat(32)
    const site = await startSite({
      UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${port}`,
      UPSTASH_REDIS_REST_TOKEN: token,
      CLIENT_ADDRESS: 'proxies:1',
      ADMIN_TOKEN: 'a'.repeat(40),
    })
    const readMetrics = (secret: string) =>
      callSite(`${site.url}/api/admin/metrics`, {
        headers: { authorization: `Bearer ${secret}`, 'x-forwarded-for': '192.0.2.9' },
      })
    const from = '192.0.2.1'
    const paths = ['/', '/leaderboard', '/support', '/me']
    const pages = await Promise.all(paths.map((path) => callSite(site.url + path)))
    const reads = [await readStats(site.url, from), await readStats(site.url, from)]
    const joins = []
    for (let nth = 0; nth < 6; nth += 1) joins.push(await joinByJson(site.url, from, { email: `early${nth}@x.org` }))
    expect(pages.map(({ status }) => status)).toEqual(paths.map(() => 200))
    expect(reads.map((read) => [read.status, limitsOf(read)])).toEqual([
      [200, []],
      [200, []],
    ])
    expect(joins.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429])
    // No page and no answer says so: the metrics do, and to the admin only.
    const [metrics, stranger] = [await readMetrics('a'.repeat(40)), await readMetrics('b'.repeat(40))]
    expect([metrics.status, stranger.status, stranger.text.includes('headwater_')]).toEqual([200, 401, false])
    const lines = metrics.text.split('\n')
    expect(lines).toContain('headwater_limit_takes_total{policy="waitlist",outcome="degraded-allowed"} 5')
    expect(lines).toContain('headwater_limit_takes_total{policy="waitlist",outcome="degraded-refused"} 1')
    expect(Number(/^headwater_cache_bypasses_total (\d+)$/m.exec(metrics.text)?.[1])).toBeGreaterThanOrEqual(2)
    expect(Number(/^headwater_cache_store_errors_total (\d+)$/m.exec(metrics.text)?.[1])).toBeGreaterThanOrEqual(1)
    const working = ['up{part="store"}', 'self_test_ok{part="cache"}', 'self_test_ok{part="limits"}']
    expect(lines).toEqual(expect.arrayContaining(working.map((name) => `headwater_${name} 0`)))
    expect(lines).toContain('headwater_up{part="database"} 1')
    expect(metrics.text).toMatch(/^headwater_mails\{state="due"\} \d+\nheadwater_mails\{state="given-up"\} 0$/m)
    expect((await callSite(`${site.url}/readyz`)).json()).toEqual({ status: 'ready' })
    const rest = await createServer({ redis: redis.url, port, token })
    const other = '192.0.2.2'
    await expect
      .poll(async () => limitsOf(await readStats(site.url, other)).length, { timeout: 60_000, interval: 2_500 })
      .toBe(5)
    expect((await readStats(site.url, other)).json()).toMatchObject({ totalSignups: 5 })
    await expect
      .poll(async () => (await readMetrics('a'.repeat(40))).text.split('\n'), { timeout: 60_000, interval: 2_500 })
      .toEqual(expect.arrayContaining(working.map((name) => `headwater_${name} 1`)))
    await site.stop()
    await rest.close()
    await redis.stop()
  })
})
