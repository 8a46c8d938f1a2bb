import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinByJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { heightOf, holdBack, waitInVain } from './slow-page.ts'
import { startVisits, type Visits } from './visits.ts'

const pages = ['/', '/#quiz', '/me', '/leaderboard', '/support', '/contact', '/demo', '/about', '/privacy'] as const
const shown = (all: readonly Element[]) =>
  all.map((each) => each.clientHeight > 0 && getComputedStyle(each).visibility === 'visible')

/** From 0 for black to 1 for white, of a colour as the browser computes it. */
function lightnessOf(colour: string): number {
  const parts = (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  return Math.max(...parts) / 255
}

describeWith('chromium', 'the site on a slow line', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits({ DEMO_DATA: '1' })
  })
  afterAll(async () => {
    await visits?.stop()
  })

  /** The cookies of somebody who has joined and confirmed. */
  async function becomePerson(email: string) {
    const { page, address } = await visits.visit()
    await joinByJson(visits.site.url, address, { email })
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, email)))
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
        const { page } = await visits.visit({ viewport, ...(storageState === undefined ? {} : { storageState }) })
        const line = await holdBack(page, names)
        await line.open(visits.site.url + path)
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
    const { page } = await visits.visit({ viewport: { width: 320, height: 800 } })
    const fieldsets = page.locator('#quiz fieldset')
    const line = await holdBack(page, /\.js(\?|$)/)
    await line.open(visits.site.url)
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, false, false, false])
    await waitInVain(page)
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, true, true, true])
    await page.getByLabel('An address to write to').fill('late@x.org')
    await line.release()
    await page.locator('#quiz form[novalidate]').waitFor()
    expect(await fieldsets.evaluateAll(shown)).toEqual([true, true, true, true])
    expect(await page.locator('#quiz').getByRole('button').allInnerTexts()).toEqual(['Join with these answers'])
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.locator('#quiz').getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await page.context().close()
  })

  it.each(pages)('paints %s dark from the first where the visitor’s system is dark', async (path) => {
    const { page, context } = await visits.visit({ colorScheme: 'dark', viewport: { width: 320, height: 800 } })
    const colours = () =>
      page.evaluate(() => ({
        // What the browser paints before it has the style sheet.
        canvas: document.querySelector('meta[name=color-scheme]')?.getAttribute('content'),
        ground: getComputedStyle(document.body).backgroundColor,
        text: getComputedStyle(document.body).color,
      }))
    const line = await holdBack(page, /\.js(\?|$)/)
    await line.open(visits.site.url + path)
    const first = await colours()
    await line.release()
    expect(await colours()).toEqual(first)
    expect(first.canvas).toContain('dark')
    expect(lightnessOf(first.ground)).toBeLessThan(0.2)
    expect(lightnessOf(first.text)).toBeGreaterThan(0.7)
    await context.close()
  })
})
