import { describeWith, launchChromium } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinByJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { heightOf, holdBack, waitInVain } from './slow-page.ts'
import { type StartedSite, startSite } from './start-site.ts'

type Browser = Awaited<ReturnType<typeof launchChromium>>
type ContextOptions = NonNullable<Parameters<Browser['newContext']>[0]>

const pages = ['/', '/#quiz', '/me', '/leaderboard', '/support', '/contact', '/demo', '/about', '/privacy'] as const
const shown = (all: readonly Element[]) =>
  all.map((each) => each.clientHeight > 0 && getComputedStyle(each).visibility === 'visible')

describeWith('chromium', 'the site on a slow line', () => {
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

  async function visit(options: ContextOptions) {
    visitors += 1
    const extraHTTPHeaders = { 'x-forwarded-for': `198.51.100.${visitors}` }
    const context = await browser.newContext({ ...options, extraHTTPHeaders })
    return context.newPage()
  }

  /** The cookies of somebody who has joined and confirmed. */
  async function becomePerson(email: string) {
    const page = await visit({})
    await joinByJson(site.url, `203.0.113.${visitors}`, { email })
    await page.goto(site.url + (await readMailLink(site.url, email)))
    await page.getByRole('button', { name: 'Take my place' }).click()
    await page.getByTestId('place').waitFor()
    const state = await page.context().storageState()
    await page.context().close()
    return state
  }

  describe.each([320, 1280])('at %i px', (width) => {
    it.each([
      ['scripts', /\.js(\?|$)/],
      ['fonts', /\.woff2/],
    ])('moves nothing on its pages when its %s come late', async (what, names) => {
      const viewport = { width, height: 800 }
      const person = await becomePerson(`slow-${what}-${width}@x.org`)
      const moved: unknown[] = []
      for (const [path, storageState] of [...pages.map((each) => [each] as const), ['/me', person] as const]) {
        const page = await visit({ viewport, ...(storageState === undefined ? {} : { storageState }) })
        const line = await holdBack(page, names)
        await line.open(site.url + path)
        const before = await heightOf(page)
        await line.release()
        const steps = page.locator('form.steps')
        if ((await steps.count()) > 0) await page.locator('form.steps[data-stepped]').waitFor()
        moved.push([path, await line.readShift(), (await heightOf(page)) - before])
        await page.context().close()
      }
      expect(moved).toEqual([...pages, '/me'].map((path) => [path, 0, 0]))
    })
  })

  it('leaves a form whole that its visitor got whole, when its script comes after all', async () => {
    const page = await visit({ viewport: { width: 320, height: 800 } })
    const fieldsets = page.locator('#quiz fieldset')
    const line = await holdBack(page, /\.js(\?|$)/)
    await line.open(site.url)
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, false, false, false])
    await waitInVain(page)
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, true, true, true])
    await page.getByLabel('An address to write to').fill('late@x.org')
    await line.release()
    await page.locator('#quiz form[novalidate]').waitFor()
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, true, true, true])
    expect(await page.locator('#quiz').getByRole('button').allInnerTexts()).toEqual(['Join with these answers'])
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.locator('#quiz').getByRole('heading', { name: 'Look into your mailbox.' }).waitFor()
    await page.context().close()
  })
})
