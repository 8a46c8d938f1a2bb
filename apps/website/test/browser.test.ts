import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { describeWith, launchChromium } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByJson, postJson } from './call-site.ts'
import { startFakeApi } from './fake-api.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

type Browser = Awaited<ReturnType<typeof launchChromium>>
type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>

// axe-core is a dependency of the package that lends the servers, so it is found from there.
const axePath = createRequire(createRequire(import.meta.url).resolve('millpond-e2e/servers')).resolve('axe-core')
const axe = readFileSync(axePath, 'utf8')

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

describeWith('chromium', 'the site in a browser', () => {
  let site: StartedSite
  let api: Awaited<ReturnType<typeof startFakeApi>>
  let browser: Browser
  let visitors = 0

  beforeAll(async () => {
    api = await startFakeApi()
    const env = { CLIENT_ADDRESS: 'proxies:1', DEMO_DATA: '1', API_URL: api.url }
    const started = await Promise.all([startSite(env), launchChromium()])
    site = started[0]
    browser = started[1]
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    await api?.close()
  })

  /** A visitor with an address of their own, and everything that a page of theirs complains about. */
  async function visit(options: ContextOptions = {}) {
    visitors += 1
    const address = `198.51.100.${visitors}`
    const context = await browser.newContext({ ...options, extraHTTPHeaders: { 'x-forwarded-for': address } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(site.url).origin) complaints.push(`foreign: ${request.url()}`)
    })
    await page.goto(site.url)
    return { page, context, address, complaints }
  }

  type Page = Awaited<ReturnType<typeof visit>>['page']

  async function violationsIn(page: Page): Promise<unknown[]> {
    await page.evaluate(axe)
    return page.evaluate(async () => {
      const { violations } = await Reflect.get(globalThis, 'axe').run(document)
      return violations.map((found: { id: string; nodes: { target: unknown }[] }) => [
        found.id,
        ...found.nodes.map((node) => node.target),
      ])
    })
  }

  const submit = async (page: Page, email: string) => {
    await page.getByLabel('Your e-mail address').fill(email)
    await page.getByRole('button', { name: 'Join the list' }).click()
  }

  /** The button holds its form while the countdown runs, and lets it go at its end. */
  async function expectFreedAfterCountdown(page: Page, name: string): Promise<void> {
    const button = page.getByRole('button', { name })
    await expect.poll(() => button.getAttribute('aria-disabled')).toBe('true')
    const before = page.url()
    await button.click({ force: true })
    expect(page.url()).toBe(before)
    await page.clock.runFor(61_000)
    await page.getByText('You can send it now.').waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('false')
  }

  const figure = (page: Page) => page.getByTestId('figures').locator('dd').first().innerText()

  it('puts a visitor on the list in place, and at their place after the mail', async () => {
    const { page, context, complaints } = await visit()
    const before = Number(await figure(page))
    await page.keyboard.press('Tab')
    await submit(page, 'browser@x.org')
    const heading = page.getByRole('heading', { name: 'Look into your mailbox.' })
    await heading.waitFor()
    expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true)
    const link = await page.getByRole('link', { name: /ref=/ }).getAttribute('href')
    expect(link).toMatch(/^\/\?ref=[2-9A-HJKMNP-Z]{8}$/)
    expect(new URL(page.url()).pathname).toBe('/')
    await page.goto(site.url + (await readMailLink(site.url, 'browser@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).press('Enter')
    await page
      .getByTestId('place')
      .getByText(String(before + 1), { exact: true })
      .waitFor()
    expect(new URL(page.url()).pathname).toBe('/me')
    await page.goto(site.url)
    expect(Number(await figure(page))).toBe(before + 1)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('puts a visitor on the list without JavaScript, from a friend’s link', async () => {
    const { page, context, address } = await visit({ javaScriptEnabled: false })
    const friend = (await joinByJson(site.url, address, { email: 'sender@x.org' })).json() as { referralCode: string }
    await page.goto(`${site.url}/?ref=${friend.referralCode.toLowerCase()}`)
    const referrals = async () => Number(await page.getByTestId('figures').locator('dd').last().innerText())
    const before = await referrals()
    await submit(page, 'plain@x.org')
    await page.getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
    await page.goto(site.url + (await readMailLink(site.url, 'plain@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).click()
    await page.getByTestId('place').waitFor()
    await page.goto(site.url)
    expect((await referrals()) - before).toBe(1)
    await context.close()
  })

  it('asks the quiz in steps by keyboard alone: the focus and the place follow each step', async () => {
    const { page, context, complaints } = await visit({ viewport: { width: 320, height: 640 } })
    const up = () =>
      page.locator('#quiz legend').evaluateAll((all) => all.indexOf(document.activeElement as HTMLElement & SVGElement))
    const current = () => page.locator('#quiz [aria-current=step]').innerText()
    const shown = () => page.locator('#quiz fieldset').evaluateAll((all) => all.map((each) => each.clientHeight > 0))
    expect(await shown()).toEqual([true, false, false, false])
    await page.getByLabel('Ring', { exact: true }).focus()
    await page.keyboard.press('Space')
    await page.locator('#quiz').getByRole('button', { name: 'Next' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(up).toBe(1)
    expect([await current(), await shown()]).toEqual(['Silt', [false, true, false, false]])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    // Enter in a field goes on as the button does.
    await page.keyboard.press('Enter')
    await expect.poll(up).toBe(2)
    await page.keyboard.press('Tab')
    await page.keyboard.type('Sleep through')
    await page.keyboard.press('Enter')
    await expect.poll(up).toBe(3)
    await page.locator('#quiz').getByRole('button', { name: 'Back' }).press('Enter')
    await expect.poll(up).toBe(2)
    await page.locator('#quiz').getByRole('button', { name: 'Next' }).press('Enter')
    await expect.poll(up).toBe(3)
    expect(await violationsIn(page)).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.type('steps@x.org')
    await page.keyboard.press('Enter')
    await page.locator('#quiz').getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
    await page.goto(site.url + (await readMailLink(site.url, 'steps@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).press('Enter')
    await page.getByRole('heading', { name: 'What you told us' }).waitFor()
    expect(await page.getByLabel('Ring', { exact: true }).isChecked()).toBe(true)
    await page.getByText('Leave the list').press('Enter')
    await page.getByRole('button', { name: 'Delete my place' }).press('Enter')
    await page.getByText('You are off the list').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('has the quiz as one form without JavaScript', async () => {
    const { page, context } = await visit({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } })
    for (const name of ['Watch', 'Scale', 'I stopped looking']) await page.getByLabel(name, { exact: true }).check()
    await page.getByLabel('An address to write to').fill('whole@x.org')
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
    await page.goto(site.url + (await readMailLink(site.url, 'whole@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).click()
    expect(await page.getByLabel('Scale', { exact: true }).isChecked()).toBe(true)
    await context.close()
  })

  it('shows a join of somebody else as it happens, and asks now and then where no stream is to be had', async () => {
    const [streamed, polled] = [await visit(), await visit()]
    await streamed.page.getByText('Live: it rises as people join').waitFor()
    await polled.page.route('**/api/waitlist/live', (route) => route.fulfill({ status: 503, body: '' }))
    await polled.page.reload()
    await polled.page.getByText('Read every twelve seconds').waitFor()
    const before = Number(await figure(streamed.page))
    await joinByJson(site.url, streamed.address, { email: 'elsewhere@x.org' })
    const soon = { timeout: 40_000 }
    await expect.poll(async () => Number(await figure(streamed.page)), soon).toBe(before + 1)
    await expect.poll(async () => Number(await figure(polled.page)), soon).toBe(before + 1)
    await streamed.context.close()
    await polled.context.close()
  })

  it('says beside the field what is wrong, and keeps what was typed', async () => {
    const { page, context, complaints } = await visit()
    await submit(page, 'ada@')
    await page.getByText('This is not an e-mail address yet').waitFor()
    const field = page.getByLabel('Your e-mail address')
    expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['ada@', 'true'])
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('counts down after the sixth join, holds the form and frees it again', async () => {
    const { page, context, address } = await visit()
    for (let nth = 0; nth < 5; nth += 1) await joinByJson(site.url, address, { email: `wait${nth}@x.org` })
    await page.clock.install()
    await submit(page, 'wait6@x.org')
    const button = page.getByRole('button', { name: 'Join the list' })
    await page.getByText('Too many tries from your network.').waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    expect(await violationsIn(page)).toEqual([])
    await page.clock.runFor(61_000)
    await page.getByText('You can send it now.').waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('false')
    await context.close()
  })

  it('keeps the last figures while the visitor is offline, and says so', async () => {
    const { page, context } = await visit()
    const before = await figure(page)
    await page.clock.install()
    await context.setOffline(true)
    await submit(page, 'offline@x.org')
    await page.getByText('You are offline. What you typed is still here').waitFor()
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.getByText('You are offline: the last reading stays').waitFor()
    expect(await figure(page)).toBe(before)
    await context.close()
  })

  it('sends a message and says its number, by keyboard alone and without JavaScript', async () => {
    const { page, context } = await visit({ javaScriptEnabled: false })
    await page.goto(`${site.url}/contact`)
    const texts = ['Ada', 'ada@x.org', 'A device', 'Does it read scales?']
    const labels = ['Your name', 'Your e-mail address', 'What is it about?', 'Your message']
    await page.getByLabel('Your name', { exact: true }).focus()
    for (const [index, text] of texts.entries()) {
      await page.getByLabel(labels[index] ?? '', { exact: true }).pressSequentially(text)
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'It has arrived.' }).waitFor()
    await page.getByText(/HW-[2-9A-HJKMNP-Z]{8}/).waitFor()
    await context.close()
  })

  it('counts down on the contact page after the fourth message, with what was typed still there', async () => {
    const { page, context } = await visit()
    await page.clock.install()
    for (let nth = 0; nth < 4; nth += 1) {
      await page.goto(`${site.url}/contact`)
      const fields = {
        'Your name': 'Ada',
        'Your e-mail address': 'ada@x.org',
        'What is it about?': 'x',
        'Your message': 'Kept',
      }
      for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text)
      await page.getByRole('button', { name: 'Send it' }).click()
      await page.waitForURL(/note=/)
    }
    await page.getByText('Too many tries from your network.').waitFor()
    expect(await page.getByLabel('Your message').inputValue()).toBe('Kept')
    await expectFreedAfterCountdown(page, 'Send it')
    await context.close()
  })

  it('counts down at the place page after the sixth link, and frees its form again', async () => {
    const { page, context, address } = await visit()
    const body = { email: 'link@x.org' }
    for (let nth = 0; nth < 5; nth += 1) await postJson(`${site.url}/api/waitlist/link`, { from: address, body })
    await page.clock.install()
    await page.goto(`${site.url}/me`)
    await page.getByLabel('The address you joined with').fill(body.email)
    await page.getByRole('button', { name: 'Send me my link' }).click()
    await page.getByText('Too many tries from your network.').waitFor()
    await expectFreedAfterCountdown(page, 'Send me my link')
    await context.close()
  })

  it('shows the demonstration with the verdict of each tile, and new numbers after an ingest', async () => {
    const { page, context, complaints } = await visit()
    await page.goto(`${site.url}/demo`)
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
    const { page, context } = await visit({ viewport: { width: 1280, height: 800 } })
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
    const { page, context, address } = await visit()
    const victim = { email: 'victim.hidden@x.org' }
    const { referralCode } = (await joinByJson(site.url, '203.0.113.77', victim)).json() as { referralCode: string }
    const link = await readMailLink(site.url, victim.email)
    const token = tokenOf(link)
    const confirmed = await postJson(`${site.url}/api/waitlist/confirm`, { from: '203.0.113.77', body: { token } })
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
      const { text } = await callSite(site.url + path, { headers: { 'x-forwarded-for': address } })
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
    expect(page.url()).toContain(site.url)
    await context.close()
  })

  describe.each([
    [320, 'light', pages],
    [320, 'dark', pages.slice(0, 6)],
    [1280, 'light', pages.slice(0, 6)],
    [1280, 'dark', pages],
  ] as const)('at %i px in %s', (width, colorScheme, visited) => {
    it('has no fault that axe can find, no sideways scrolling and no complaint on its pages', async () => {
      const options: ContextOptions = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' }
      const { page, context, complaints } = await visit(options)
      await submit(page, `axe-${width}-${colorScheme}@x.org`)
      await page.getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
      expect(await violationsIn(page)).toEqual([])
      const wide: string[] = []
      const faults: unknown[] = []
      for (const path of visited) {
        await page.goto(site.url + path)
        if ((await page.evaluate(() => document.documentElement.scrollWidth)) !== width) wide.push(path)
        faults.push(...(await violationsIn(page)).map((fault) => [path, fault]))
        // Who wishes for less motion gets none.
        const moving = await page.evaluate(() =>
          document.getAnimations().map((each) => String(Reflect.get(each, 'animationName'))),
        )
        faults.push(...moving.filter((name) => name !== 'no-room').map((name) => [path, name]))
      }
      expect([wide, faults]).toEqual([[], []])
      await page.goto(site.url + (await readMailLink(site.url, `axe-${width}-${colorScheme}@x.org`)))
      expect(await violationsIn(page)).toEqual([])
      await page.getByRole('button', { name: 'Take my place' }).click()
      await page.getByTestId('place').waitFor()
      expect(await violationsIn(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      // The browser itself reports the one page that is missing.
      expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
      await context.close()
    })
  })
})
