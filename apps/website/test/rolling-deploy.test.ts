import { setTimeout as delay } from 'node:timers/promises'
import { type Balancer, describeWith, startBalancer, startPostgres, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { callSite, joinByJson, readStats } from './call-site.ts'
import { type FakeResend, startFakeResend } from './fake-resend.ts'
import { followStream } from './follow-stream.ts'
import { type StartedSite, startSite } from './start-site.ts'

const WORKERS = 4
const DEPLOYS = 2

describeWith(['redis', 'postgres'], 'a rolling deployment', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>
  let rest: Awaited<ReturnType<typeof createServer>>
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let provider: FakeResend
  let balancer: Balancer
  let env: Record<string, string>
  const sites = new Set<StartedSite>()

  beforeAll(async () => {
    ;[redis, postgres, provider] = await Promise.all([startRedis(), startPostgres(), startFakeResend()])
    rest = await createServer({ redis: redis.url })
    balancer = await startBalancer({ readyPath: '/readyz' })
    env = {
      DATABASE_URL: await postgres.createDatabase(),
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      CLIENT_ADDRESS: 'proxies:1',
      COOKIE_SECRET: 'c'.repeat(32),
      CACHE_KEY_SECRET: 'k'.repeat(32),
      SITE_URL: balancer.url,
      RESEND_API_KEY: provider.apiKey,
      RESEND_API_URL: provider.url,
      MAIL_FROM: 'Headwater <list@x.org>',
      DRAIN_SECONDS: '1',
    }
  })
  afterAll(async () => {
    balancer?.close()
    for (const site of sites) await site.stop()
    await rest?.close()
    await Promise.all([redis?.stop(), postgres?.stop(), provider?.close()])
  })

  async function start(): Promise<StartedSite> {
    const site = await startSite(env)
    sites.add(site)
    balancer.add(site.url)
    return site
  }

  it('drops no request, answers none wrongly, cuts no stream and sends every mail once', async () => {
    const wrong: string[] = []
    const joined: string[] = []
    let visitors = 0
    let isOver = false
    const work = async () => {
      while (!isOver) {
        visitors += 1
        const from = `10.0.${visitors >> 8}.${visitors & 255}`
        const email = `visitor${visitors}@x.org`
        const answers = [
          await joinByJson(balancer.url, from, { email }),
          await readStats(balancer.url, from),
          await callSite(balancer.url, { headers: { 'x-forwarded-for': from } }),
        ]
        joined.push(email)
        for (const { status, text } of answers) if (status >= 400) wrong.push(`${status} ${text.slice(0, 200)}`)
        await delay(50)
      }
    }

    let old = await start()
    await balancer.whenReady(old.url, true)
    const workers = Array.from({ length: WORKERS }, () =>
      work().catch((error: unknown) => void wrong.push(String(error))),
    )
    for (let deploy = 0; deploy < DEPLOYS; deploy += 1) {
      const stream = await followStream(balancer.url, `192.0.2.${deploy}`)
      const next = await start()
      await balancer.whenReady(next.url, true)
      const stopped = old.stop()
      sites.delete(old)
      await balancer.whenReady(old.url, false)
      expect(stream.isOver()).toBe(false)
      await stopped
      expect([stream.figures().length > 0, stream.wasCut()]).toEqual([true, false])
      await expect.poll(() => stream.isOver(), { timeout: 20_000 }).toBe(true)
      balancer.remove(old.url)
      old = next
    }
    isOver = true
    await Promise.all(workers)
    expect(wrong).toEqual([])
    expect(balancer.dropped).toEqual([])
    await expect.poll(() => provider.delivered.length, { timeout: 60_000 }).toBe(joined.length)
    expect(provider.delivered.flatMap(({ to }) => to).sort()).toEqual(joined.sort())
  })
})
