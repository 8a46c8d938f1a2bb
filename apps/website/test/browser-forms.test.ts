import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinByJson, postJson } from './call-site.ts'
import { type Page, readFigure, startVisits, submitJoin, type Visits, violationsIn } from './visits.ts'

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

describeWith('chromium', 'the forms in a browser', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits({ DEMO_DATA: '1' })
  })
  afterAll(async () => {
    await visits?.stop()
  })

  it('says beside the field what is wrong, and keeps what was typed', async () => {
    const { page, context, complaints } = await visits.visitHome()
    await submitJoin(page, 'ada@')
    await page.getByText('This is not an e-mail address yet').waitFor()
    const field = page.getByLabel('Your e-mail address')
    expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['ada@', 'true'])
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('counts down after the sixth join, holds the form and frees it again', async () => {
    const { page, context, address } = await visits.visitHome()
    for (let nth = 0; nth < 5; nth += 1) await joinByJson(visits.site.url, address, { email: `wait${nth}@x.org` })
    await page.clock.install()
    await submitJoin(page, 'wait6@x.org')
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
    const { page, context } = await visits.visitHome()
    const before = await readFigure(page)
    await page.clock.install()
    await context.setOffline(true)
    await submitJoin(page, 'offline@x.org')
    await page.getByText('You are offline. What you typed is still here').waitFor()
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.getByText('You are offline: the last reading stays').waitFor()
    expect(await readFigure(page)).toBe(before)
    await context.close()
  })

  it('sends a message and says its number, by keyboard alone and without JavaScript', async () => {
    const { page, context } = await visits.visitHome({ javaScriptEnabled: false })
    await page.goto(`${visits.site.url}/contact`)
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

  it('leads to the wrong field of a message, in words and with the focus, and keeps the others', async () => {
    const { page, context, complaints } = await visits.visitHome()
    await page.goto(`${visits.site.url}/contact`)
    // What the browser lets pass as an address, and mail does not.
    const fields = { 'Your name': 'Ada', 'Your e-mail address': 'ada@localhost', 'What is it about?': 'x' }
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text)
    await page.getByLabel('Your message').fill('Kept')
    await page.getByRole('button', { name: 'Send it' }).click()
    const field = page.getByRole('textbox', {
      name: 'Your e-mail address',
      description: 'This field must look like ada@example.org.',
    })
    await field.waitFor()
    await expect
      .poll(() => field.evaluate((element) => element === document.activeElement), { timeout: 40_000 })
      .toBe(true)
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByLabel('Your message').inputValue()).toBe('Kept')
    expect(await violationsIn(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('counts down on the contact page after the fourth message, with what was typed still there', async () => {
    const { page, context } = await visits.visitHome()
    await page.clock.install()
    for (let nth = 0; nth < 4; nth += 1) {
      await page.goto(`${visits.site.url}/contact`)
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
    const { page, context, address } = await visits.visitHome()
    const body = { email: 'link@x.org' }
    for (let nth = 0; nth < 5; nth += 1) await postJson(`${visits.site.url}/api/waitlist/link`, { from: address, body })
    await page.clock.install()
    await page.goto(`${visits.site.url}/me`)
    await page.getByLabel('The address you joined with').fill(body.email)
    await page.getByRole('button', { name: 'Send me my link' }).click()
    await page.getByText('Too many tries from your network.').waitFor()
    await expectFreedAfterCountdown(page, 'Send me my link')
    await context.close()
  })
})
