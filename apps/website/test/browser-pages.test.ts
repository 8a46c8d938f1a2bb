import { gzipSync } from 'node:zlib'
import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByJson, postJson } from './call-site.ts'
import { startFakeApi } from './fake-api.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { startVisits, submitJoin, type VisitOptions, type Visits, violationsIn } from './visits.ts'

const pages = [
  '/',
  '/leaderboard',
  '/me',
  '/support',
  '/contact',
  '/demo',
  '/about',
  '/privacy',
  '/terms',
  '/cookies',
  '/confirm?token=x',
  '/dev/mail',
  '/missing',
] as const

describeWith('chromium', 'the pages in a browser', () => {
  let visits: Visits
  let api: Awaited<ReturnType<typeof startFakeApi>>
  beforeAll(async () => {
    api = await startFakeApi()
    visits = await startVisits({ DEMO_DATA: '1', API_URL: api.url })
  })
  afterAll(async () => {
    await visits?.stop()
    await api?.close()
  })

  it('shows the demonstration with the verdict of each tile, and new numbers after an ingest', async () => {
    const { page, context, complaints } = await visits.visitHome()
    await page.goto(`${visits.site.url}/demo`)
    const verdicts = () => page.getByTestId('verdict').allInnerTexts()
    expect((await verdicts())[0]).toMatch(/^Cache: miss, stored now · \d+ of 100 requests left$/)
    await page.reload()
    expect((await verdicts())[1]).toMatch(/^Cache: hit, 290 s left · \d+ of 100 requests left$/)
    await page.getByRole('button', { name: 'Send new steps for today' }).click()
    const line = await page.getByText(/steps were sent/).innerText()
    const steps = line.split(' ')[0] ?? ''
    await page.getByTestId('tiles').getByText(steps, { exact: true }).waitFor()
    expect((await verdicts())[0]).toContain('miss')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('loads at most 165 kB of compressed script on the home page, and moves nothing', async () => {
    const { page, context } = await visits.visitHome({ viewport: { width: 1280, height: 800 } })
    const sizes = await page.evaluate(async () => {
      const names = performance.getEntriesByType('resource').map(({ name }) => name)
      const scripts = [...new Set(names.filter((name) => /\.js(\?|$)/.test(name)))]
      return Promise.all(scripts.map(async (name) => (await fetch(name)).text()))
    })
    const bytes = sizes.reduce((total, text) => total + gzipSync(text).length, 0)
    expect(sizes.length).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(165_000)
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let total = 0
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) total += Number(Reflect.get(entry, 'value'))
          }).observe({ type: 'layout-shift', buffered: true })
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(total)))
        }),
    )
    expect(shift).toBeLessThanOrEqual(0.02)
    await context.close()
  })

  it('shows nobody else’s address, code or number on any page that a visitor can reach', async () => {
    const { page, context, address } = await visits.visitHome()
    const victim = { email: 'victim.hidden@x.org' }
    const { referralCode } = (await joinByJson(visits.site.url, '203.0.113.77', victim)).json() as {
      referralCode: string
    }
    const link = await readMailLink(visits.site.url, victim.email)
    const token = tokenOf(link)
    const confirmed = await postJson(`${visits.site.url}/api/waitlist/confirm`, {
      from: '203.0.113.77',
      body: { token },
    })
    expect(confirmed.status).toBe(200)
    const payload = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { person: string }
    const secrets = [victim.email, referralCode, payload.person, token]
    const seen = new Set<string>()
    const open = [
      '/',
      '/api/waitlist/stats',
      '/api/waitlist/leaderboard',
      '/api/support/stats',
      '/sitemap.xml',
      '/robots.txt',
    ]
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (seen.has(path) || path.startsWith('/dev/')) continue
      seen.add(path)
      const { text } = await callSite(visits.site.url + path, { headers: { 'x-forwarded-for': address } })
      expect([path, secrets.filter((secret) => text.includes(secret))]).toEqual([path, []])
      // Invented people of the demonstration are people too.
      expect([path, text.match(/[\w.]+@example\.org/g)?.filter((found) => !/^(you|ada)@/.test(found)) ?? []]).toEqual([
        path,
        [],
      ])
      open.push(
        ...[...text.matchAll(/href="(\/[^"#?]*)/g)]
          .map((match) => match[1] ?? '/')
          .filter((found) => !found.startsWith('/_next')),
      )
    }
    expect([...pages].filter((found) => !/\?|missing|dev/.test(found) && !seen.has(found))).toEqual([])
    expect(page.url()).toContain(visits.site.url)
    await context.close()
  })

  describe.each([
    [320, 'light'],
    [320, 'dark'],
    [768, 'light'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('at %i px in %s', (width, colorScheme) => {
    it('has no fault that axe can find, no sideways scrolling, no hidden link, no late font and no complaint on its pages', async () => {
      const options: VisitOptions = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' }
      const { page, context, complaints } = await visits.visitHome(options)
      await submitJoin(page, `axe-${width}-${colorScheme}@x.org`)
      await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
      expect(await violationsIn(page)).toEqual([])
      const wide: string[] = []
      const faults: unknown[] = []
      for (const path of pages) {
        const response = await page.goto(visits.site.url + path)
        // A font that is not asked for at once is left for the next page, which then looks different.
        if (!response?.headers().link?.includes('as="font"')) faults.push([path, 'no font'])
        const plain = await page.locator('main a').evaluateAll((links) =>
          links
            .filter((link) => {
              const { textDecorationLine, borderTopWidth } = getComputedStyle(link)
              return textDecorationLine !== 'underline' && borderTopWidth === '0px'
            })
            .map(({ textContent }) => textContent),
        )
        faults.push(...plain.map((text) => [path, 'only its colour shows that this is a link', text]))
        if ((await page.evaluate(() => document.documentElement.scrollWidth)) !== width) wide.push(path)
        faults.push(...(await violationsIn(page)).map((fault) => [path, fault]))
        // Who wishes for less motion gets none.
        const moving = await page.evaluate(() =>
          document.getAnimations().map((each) => String(Reflect.get(each, 'animationName'))),
        )
        faults.push(...moving.filter((name) => name !== 'no-room').map((name) => [path, name]))
      }
      expect([wide, faults]).toEqual([[], []])
      await page.goto(visits.site.url + (await readMailLink(visits.site.url, `axe-${width}-${colorScheme}@x.org`)))
      expect(await violationsIn(page)).toEqual([])
      await page.getByRole('button', { name: 'Take my place' }).click()
      await page.getByTestId('place').waitFor()
      expect(await violationsIn(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      // The browser itself reports the page that is missing, and that of a link that is no more.
      expect(complaints.filter((text) => !/status of 4(04|10)/.test(text))).toEqual([])
      await context.close()
    })
  })
})
