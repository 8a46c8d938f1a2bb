import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readMailLink } from './read-mail.ts'
import { type Page, startVisits, submitJoin, type Visits, violationsIn } from './visits.ts'

/** Waits until the visitor is where the answer of a form leads: by what the window is called, what has the focus, and whether it can be seen. */
async function expectStanding(page: Page, title: string, focused: string): Promise<void> {
  const standing = async () => [
    await page.title(),
    ...(await page.evaluate(() => {
      const element = document.activeElement
      const { top, bottom } = element?.getBoundingClientRect() ?? { top: -1, bottom: -1 }
      return [element?.id, top >= 0 && bottom <= window.innerHeight]
    })),
  ]
  await expect.poll(standing, { timeout: 40_000 }).toEqual([title, focused, true])
}

// What a browser lets pass as an address, and mail does not.
const refusedEmail = 'ada@localhost'

describeWith('chromium', 'what came of a form', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits()
  })
  afterAll(async () => {
    await visits?.stop()
  })

  const visitPlain = () =>
    visits.visitHome({ javaScriptEnabled: false, viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' })

  it('is said in the title and has the focus after a join without JavaScript', async () => {
    const { page, context } = await visitPlain()
    await submitJoin(page, refusedEmail)
    await expectStanding(page, 'Not accepted · Headwater', 'join-note')
    await page.getByLabel('Ring', { exact: true }).check()
    await page.getByLabel('An address to write to').fill(refusedEmail)
    await page.getByRole('button', { name: 'Join with these answers' }).click()
    await page.waitForURL(/#quiz-note$/)
    await expectStanding(page, 'Not accepted · Headwater', 'quiz-note')
    await submitJoin(page, 'outcome@x.org')
    await page.getByRole('heading', { name: 'Check your inbox.' }).waitFor()
    await expectStanding(page, 'Check your inbox · Headwater', 'join-note')
    await context.close()
  })

  it('is said in the title and has the focus at the place page without JavaScript', async () => {
    const { page, context } = await visitPlain()
    await submitJoin(page, 'stale@x.org')
    await page.goto(visits.site.url + (await readMailLink(visits.site.url, 'stale@x.org')))
    // As if the link had expired while the page was open.
    await page.locator('input[name=token]').evaluate((field) => field.setAttribute('value', 'x'))
    await page.getByRole('button', { name: 'Take my place' }).click()
    await page.getByText('This link does not work').waitFor()
    await expectStanding(page, 'Not accepted · Your place · Headwater', 'link-note')
    await page.getByLabel('The address you joined with').fill('outcome@x.org')
    await page.getByRole('button', { name: 'Send me my link' }).click()
    await page.getByText('If this address is on the list').waitFor()
    await expectStanding(page, 'Done · Your place · Headwater', 'link-note')
    await context.close()
  })

  it('is said in the title and leads to the wrong field of a message without JavaScript', async () => {
    const { page, context } = await visitPlain()
    await page.goto(`${visits.site.url}/contact`)
    const fields = { 'Your name': 'Ada', 'Your e-mail address': refusedEmail, 'What is it about?': 'x' }
    for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text)
    await page.getByLabel('Your message').fill('Kept')
    await page.getByRole('button', { name: 'Send it' }).click()
    await page.getByText('Something is not right yet').waitFor()
    await expectStanding(page, 'Not accepted · Write to us · Headwater', 'email')
    const label = await page.locator('label[for=email]').evaluate((element) => element.getBoundingClientRect().top)
    expect(label).toBeGreaterThanOrEqual(0)
    await page.getByLabel('Your e-mail address').fill('ada@x.org')
    await page.getByRole('button', { name: 'Send it' }).click()
    await page.getByRole('heading', { name: 'It has arrived.' }).waitFor()
    await expectStanding(page, 'It has arrived · Write to us · Headwater', 'write-note')
    await context.close()
  })

  it('keeps the focus when scripts take over the page that a form sent before them led to', async () => {
    const { page, context, complaints } = await visits.visitHome({ viewport: { width: 320, height: 640 } })
    await page.getByLabel('Your e-mail address').fill(refusedEmail)
    // As the browser itself sends it, past the script.
    await page.getByLabel('Your e-mail address').evaluate((field) => (field as HTMLInputElement).form?.submit())
    await page.getByText('The e-mail address must look').waitFor()
    await page.waitForURL((url) => url.search === '')
    expect(new URL(page.url()).hash).toBe('#join-note')
    await expectStanding(page, 'Not accepted · Headwater', 'join-note')
    expect(await violationsIn(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})
