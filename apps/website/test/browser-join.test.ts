import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinByJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { readFigure, startVisits, submitJoin, type Visits, violationsIn } from './visits.ts'

describeWith('chromium', 'joining in a browser', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits({ DEMO_DATA: '1' })
  })
  afterAll(async () => {
    await visits?.stop()
  })

  it('puts a visitor on the list in place, and at their place after the mail', async () => {
    const { page, context, complaints } = await visits.visitHome()
    const before = await readFigure(page)
    await page.keyboard.press('Tab')
    await submitJoin(page, 'browser@x.org')
    const heading = page.getByRole('heading', { name: 'Check your inbox.' })
    await heading.waitFor()
    expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true)
    const link = await page.getByRole('link', { name: /ref=/ }).getAttribute('href')
    expect(link).toMatch(/^\/\?ref=[2-9A-HJKMNP-Z]{8}$/)
    expect(new URL(page.url()).pathname).toBe('/')
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'browser@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).press('Enter')
    await page
      .getByTestId('place')
      .getByText(String(before + 1), { exact: true })
      .waitFor()
    expect(new URL(page.url()).pathname).toBe('/me')
    await page.goto(visits.site.url)
    expect(await readFigure(page)).toBe(before + 1)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('puts a visitor on the list without JavaScript, from a friend’s link', async () => {
    const { page, context, address } = await visits.visitHome({ javaScriptEnabled: false })
    const friend = (await joinByJson(visits.site.url, address, { email: 'sender@x.org' })).json() as {
      referralCode: string
    }
    await page.goto(`${visits.site.url}/?ref=${friend.referralCode.toLowerCase()}`)
    const referrals = async () => Number(await page.getByTestId('figures').locator('dd').last().innerText())
    const before = await referrals()
    await submitJoin(page, 'plain@x.org')
    await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'plain@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).click()
    await page.getByTestId('place').waitFor()
    await page.goto(visits.site.url)
    expect((await referrals()) - before).toBe(1)
    await context.close()
  })

  it('asks the quiz in steps by keyboard alone: the focus and the place follow each step', async () => {
    const { page, context, complaints } = await visits.visitHome({ viewport: { width: 320, height: 640 } })
    const up = () =>
      page.locator('#quiz legend').evaluateAll((all) => all.indexOf(document.activeElement as HTMLElement & SVGElement))
    const current = () => page.locator('#quiz [aria-current=step]').innerText()
    const shown = () => page.locator('#quiz fieldset').evaluateAll((all) => all.map((each) => each.clientHeight > 0))
    // All of them stand there until the scripts have come.
    await expect.poll(shown).toEqual([true, false, false, false])
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
    await page.locator('#quiz').getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'steps@x.org')))
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
    const { page, context } = await visits.visitHome({
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    })
    for (const name of ['Watch', 'Scale', 'I stopped looking']) await page.getByLabel(name, { exact: true }).check()
    await page.getByLabel('An address to write to').fill('whole@x.org')
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'whole@x.org')))
    await page.getByRole('button', { name: 'Take my place' }).click()
    expect(await page.getByLabel('Scale', { exact: true }).isChecked()).toBe(true)
    await context.close()
  })

  it('shows a join of somebody else as it happens, and asks now and then where no stream is to be had', async () => {
    const [streamed, polled] = [await visits.visitHome(), await visits.visitHome()]
    await streamed.page.getByText('Live: it rises as people join').waitFor()
    await polled.page.route('**/api/waitlist/live', (route) => route.fulfill({ status: 503, body: '' }))
    await polled.page.reload()
    await polled.page.getByText('Read every twelve seconds').waitFor()
    const before = await readFigure(streamed.page)
    await joinByJson(visits.site.url, streamed.address, { email: 'elsewhere@x.org' })
    const soon = { timeout: 40_000 }
    await expect.poll(() => readFigure(streamed.page), soon).toBe(before + 1)
    await expect.poll(() => readFigure(polled.page), soon).toBe(before + 1)
    await streamed.context.close()
    await polled.context.close()
  })
})
