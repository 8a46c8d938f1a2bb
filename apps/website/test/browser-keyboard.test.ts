import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMailLink } from './read-mail.ts'
import { waitInVain } from './slow-page.ts'
import { type Page, startVisits, type Visits } from './visits.ts'

const links = ['How it works', 'What is private', 'Demonstration', 'Leaderboard', 'Your place']

/** Presses Tab until the focus is on what is called `name`, at most 80 times. Throws where the keyboard cannot get there. */
async function tabTo(page: Page, name: string): Promise<void> {
  const seen: string[] = []
  for (let nth = 0; nth < 80; nth += 1) {
    await page.keyboard.press('Tab')
    const label = await page.evaluate(() => {
      const element = document.activeElement
      if (element === null) return ''
      const labels =
        element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((each) => each.textContent) : []
      return [element.getAttribute('aria-label'), ...labels, element.textContent].find(Boolean)?.trim() ?? ''
    })
    if (label === name) return
    seen.push(label)
  }
  throw new RangeError(`Cannot reach "${name}" by Tab: the focus was on ${seen.join(', ')}`)
}

/** Whether a person sees what has the focus: it has a size and nothing lies over its middle. */
const isFocusSeen = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const element = document.activeElement
    if (element === null) return false
    const { left, top, width, height } = element.getBoundingClientRect()
    const over = document.elementFromPoint(left + width / 2, top + height / 2)
    return width > 0 && (element.contains(over) || over?.contains(element) === true)
  })

describeWith('chromium', 'the site by keyboard', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits()
  })
  afterAll(async () => {
    await visits?.stop()
  })

  async function visit({ width, javaScriptEnabled }: { width: number; javaScriptEnabled: boolean }): Promise<Page> {
    const viewport = { width, height: 640 }
    const { page } = await visits.visit({ viewport, javaScriptEnabled, reducedMotion: 'reduce' })
    return page
  }

  it.each([true, false])('opens the menu at 320 px and follows it, with JavaScript: %s', async (javaScriptEnabled) => {
    const page = await visit({ width: 320, javaScriptEnabled })
    await page.goto(visits.site.url)
    const main = page.getByRole('navigation', { name: 'Main' })
    expect(await main.getByRole('link').count()).toBe(0)
    await tabTo(page, 'Menu')
    expect(await isFocusSeen(page)).toBe(true)
    await page.keyboard.press('Enter')
    expect(await main.getByRole('link').allInnerTexts()).toEqual(links)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    for (const link of links) {
      await tabTo(page, link)
      expect([link, await isFocusSeen(page)]).toEqual([link, true])
    }
    await page.keyboard.press('Enter')
    await page.waitForURL(`${visits.site.url}/me`)
    await page.context().close()
  })

  it('asks the quiz as one form while its scripts do not arrive', async () => {
    const page = await visit({ width: 320, javaScriptEnabled: true })
    await page.route('**/*.js*', (route) => route.abort())
    await page.goto(visits.site.url)
    await waitInVain(page)
    await page.getByLabel('Ring', { exact: true }).check()
    await page.getByLabel('I stopped looking', { exact: true }).check()
    await page.getByLabel('An address to write to').fill('blocked@x.org')
    expect(await page.locator('#quiz').getByRole('button', { name: 'Next' }).isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'blocked@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).click()
    await page.getByRole('heading', { name: 'What you told us' }).waitFor()
    expect(await page.getByLabel('Ring', { exact: true }).isChecked()).toBe(true)
    await waitInVain(page)
    expect(await page.getByRole('button', { name: 'Send the answers' }).isVisible()).toBe(true)
    await page.context().close()
  })

  describe.each([320, 1280])('at %i px', (width) => {
    it.each([true, false])(
      'joins, reads the mail, confirms and shares, with JavaScript: %s',
      async (javaScriptEnabled) => {
        const page = await visit({ width, javaScriptEnabled })
        const email = `keys-${width}-${javaScriptEnabled}@x.org`
        await page.goto(visits.site.url)
        await tabTo(page, 'Your e-mail address')
        await page.keyboard.type(email)
        await tabTo(page, 'Join the list')
        expect(await isFocusSeen(page)).toBe(true)
        await page.keyboard.press('Enter')
        await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
        const link = await readMailLink(visits.site.url, email)
        await page.goto(`${visits.site.url}/dev/mail`)
        const shown = page.locator(`a[href="${link}"]`)
        await shown.focus()
        await page.keyboard.press('Enter')
        await page.waitForURL(/\/confirm/)
        await tabTo(page, 'Take my place')
        await page.keyboard.press('Enter')
        await page.getByTestId('place').waitFor()
        expect(new URL(page.url()).pathname).toBe('/me')
        await tabTo(page, 'Bluesky')
        expect(await isFocusSeen(page)).toBe(true)
        const target = await page.evaluate(() => document.activeElement?.getAttribute('href'))
        const own = await page.getByTestId('own-link').getAttribute('href')
        expect(new URL(target ?? '').searchParams.get('text')).toContain(visits.site.url + own)
        await page.context().close()
      },
    )
  })
})
