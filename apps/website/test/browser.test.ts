import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describeWith, launchChromium } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinByJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

type Browser = Awaited<ReturnType<typeof launchChromium>>
type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>

// axe-core is a dependency of the package that lends the servers, so it is found from there.
const axePath = createRequire(createRequire(import.meta.url).resolve('millpond-e2e/servers')).resolve('axe-core')
const axe = readFileSync(axePath, 'utf8')

describeWith('chromium', 'the home page', () => {
  let site: StartedSite
  let browser: Browser
  let visitors = 0

  beforeAll(async () => {
    const started = await Promise.all([startSite({ CLIENT_ADDRESS: 'proxies:1', DEMO_DATA: '1' }), launchChromium()])
    site = started[0]
    browser = started[1]
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
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

  describe.each([
    [320, 'light'],
    [320, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('at %i px in %s', (width, colorScheme) => {
    it('has no fault that axe can find, no sideways scrolling and no complaint', async () => {
      const options: ContextOptions = { viewport: { width, height: 800 }, colorScheme, reducedMotion: 'reduce' }
      const { page, context, complaints } = await visit(options)
      expect(await violationsIn(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      await submit(page, `axe-${width}-${colorScheme}@x.org`)
      await page.getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
      expect(await violationsIn(page)).toEqual([])
      expect(complaints).toEqual([])
      await page.goto(`${site.url}/missing`)
      expect(await violationsIn(page)).toEqual([])
      await context.close()
    })
  })
})
