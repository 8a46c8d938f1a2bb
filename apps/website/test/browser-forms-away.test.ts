import { describeWith, launchChromium, type StartedPostgres, startPostgres } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, callSite, joinByJson, postForm, postJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'
import type { Page, VisitOptions } from './visits.ts'

type Browser = Awaited<ReturnType<typeof launchChromium>>
type Storage = Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>

describeWith(['chromium', 'postgres'], 'a form while the database is away', () => {
  let postgres: StartedPostgres
  let site: StartedSite
  let browser: Browser
  beforeAll(async () => {
    ;[postgres, browser] = await Promise.all([startPostgres(), launchChromium()])
    site = await startSite({ DATABASE_URL: await postgres.createDatabase(), CLIENT_ADDRESS: 'proxies:1' })
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    await postgres?.stop()
  })

  let visitors = 0
  /** Somebody without JavaScript. */
  async function visit(options: VisitOptions = {}): Promise<Page> {
    visitors += 1
    const extraHTTPHeaders = { 'x-forwarded-for': `192.0.2.${visitors + 10}` }
    return (await browser.newContext({ javaScriptEnabled: false, extraHTTPHeaders, ...options })).newPage()
  }
  async function joinForLink(email: string): Promise<string> {
    await joinByJson(site.url, '192.0.2.1', { email })
    return site.url + (await readMailLink(site.url, email))
  }
  /** The cookies of somebody who is on the list. */
  async function makeKnown(): Promise<Storage> {
    const page = await visit()
    await page.goto(await joinForLink('known@x.org'))
    await press(page, 'Take my place')
    await page.getByTestId('place').waitFor()
    return page.context().storageState()
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name }).click()
  /** The fragment is followed once the page is whole. */
  const expectStanding = (page: Page, title: string, [id, text]: readonly [id: string, text: string]) =>
    expect
      .poll(
        async () => [
          await page.title(),
          await page.evaluate(() => document.activeElement?.id),
          await page.locator(`#${id}`).textContent(),
        ],
        { timeout: 20_000 },
      )
      .toEqual([title, id, text])
  const statusOf = async (path: string): Promise<number> => (await callSite(site.url + path)).status
  async function takeAway(): Promise<void> {
    await postgres.crash()
    await expect.poll(() => statusOf('/readyz'), { timeout: 30_000 }).toBe(503)
  }
  async function giveBack(): Promise<void> {
    await postgres.restart()
    await expect.poll(() => statusOf('/readyz'), { timeout: 30_000 }).toBe(200)
  }
  const cannot = 'The list cannot be reached right now.'
  const notSaved = ['name-note', `${cannot} The name was not saved; please try again in a minute.`] as const

  it('comes back with what was typed in it', async () => {
    const [home, link, contact, confirm] = await Promise.all([visit(), visit(), visit(), visit()])
    await home.goto(`${site.url}/?ref=ABCDEFGH`)
    await link.goto(`${site.url}/me`)
    await contact.goto(`${site.url}/contact`)
    await confirm.goto(await joinForLink('another@x.org'))
    await takeAway()
    try {
      await home.getByLabel('Your e-mail address').fill('typed@x.org')
      await press(home, 'Join the list')
      await expectStanding(home, 'Not sent · Headwater', [
        'join-note',
        `${cannot} Your address was not saved; please try again in a minute.`,
      ])
      expect(await home.getByLabel('Your e-mail address').inputValue()).toBe('typed@x.org')
      expect(await home.locator('[name=referralCode]').first().inputValue()).toBe('ABCDEFGH')
      await home.getByLabel('Ring', { exact: true }).check()
      await home.getByLabel('An address to write to').fill('quiz@x.org')
      await press(home, 'Join with these answers')
      await expectStanding(home, 'Not sent · Headwater', [
        'quiz-note',
        `${cannot} Your address was not saved; please try again in a minute.`,
      ])
      expect(await home.getByLabel('Ring', { exact: true }).isChecked()).toBe(true)
      expect(await home.getByLabel('An address to write to').inputValue()).toBe('quiz@x.org')
      await link.getByLabel('The address you joined with').fill('typed@x.org')
      await press(link, 'Send me my link')
      await expectStanding(link, 'Not sent · Your place · Headwater', [
        'link-note',
        `${cannot} No mail is on the way; please try again in a minute.`,
      ])
      expect(await link.getByLabel('The address you joined with').inputValue()).toBe('typed@x.org')
      const message = 'Every brook that I measure. '.repeat(140).trim()
      const fields = { 'Your name': 'Ada', 'Your e-mail address': 'ada@x.org', 'What is it about?': 'Brooks' }
      for (const [label, text] of Object.entries(fields)) await contact.getByLabel(label, { exact: true }).fill(text)
      await contact.getByLabel('Your message').fill(message)
      const submission = await contact.locator('[name=submission]').inputValue()
      await press(contact, 'Send it')
      await expectStanding(contact, 'Not sent · Write to us · Headwater', [
        'write-note',
        'Your message could not be taken right now. Please send it again in a minute.',
      ])
      expect(await contact.getByLabel('Your message').inputValue()).toBe(message)
      expect(await contact.locator('[name=submission]').inputValue()).toBe(submission)
      await press(confirm, 'Take my place')
      await expectStanding(confirm, 'Not sent · Confirm your place · Headwater', [
        'confirm-note',
        `${cannot} Your link stays good; please press the button again in a minute.`,
      ])
    } finally {
      await giveBack()
    }
    await press(link, 'Send me my link')
    await link.getByText('If this address is on the list').waitFor()
    await press(contact, 'Send it')
    await contact.getByRole('heading', { name: 'It has arrived.' }).waitFor()
    await press(confirm, 'Take my place')
    await confirm.getByTestId('place').waitFor()
  })

  it('of the place page is kept until that page can be made again', async () => {
    const storageState = await makeKnown()
    const [name, quiz, leave] = await Promise.all([0, 1, 2].map(() => visit({ storageState })))
    if (name === undefined || quiz === undefined || leave === undefined) throw new RangeError('Cannot visit')
    for (const page of [name, quiz, leave]) await page.goto(`${site.url}/me`)
    await takeAway()
    try {
      await name.getByLabel('Your name on the leaderboard').fill('Ada of the brook')
      await press(name, 'Save the name')
      await expectStanding(name, 'Not sent · Your place · Headwater', notSaved)
      expect(await name.getByRole('heading', { level: 1 }).innerText()).toBe('The water is cloudy.')
      await quiz.getByLabel('Ring', { exact: true }).check()
      await press(quiz, 'Send the answers')
      await expectStanding(quiz, 'Not sent · Your place · Headwater', [
        'quiz-note',
        `${cannot} The answers were not saved; please try again in a minute.`,
      ])
      await leave.getByText('Leave the list').click()
      await press(leave, 'Delete my place')
      await expectStanding(leave, 'Not sent · Your place · Headwater', [
        'link-note',
        `${cannot} You are still on it; please try again in a minute.`,
      ])
      // Tried too soon it is kept all the same.
      await press(name, 'Try again')
      await expectStanding(name, 'Not sent · Your place · Headwater', notSaved)
    } finally {
      await giveBack()
    }
    for (const page of [name, quiz, leave]) await press(page, 'Try again')
    expect(await name.getByLabel('Your name on the leaderboard').inputValue()).toBe('Ada of the brook')
    await expectStanding(name, 'Not sent · Your place · Headwater', notSaved)
    expect(await quiz.getByLabel('Ring', { exact: true }).isChecked()).toBe(true)
    expect(await leave.getByTestId('place').isVisible()).toBe(true)
    await press(name, 'Save the name')
    await name.getByText('The name is changed.').waitFor()
  })

  it('is a problem document for a client of the API, and both carry the numbers of their limits', async () => {
    await takeAway()
    const url = `${site.url}/api/waitlist/join`
    const fields = { email: 'client@x.org' }
    const shapeOf = (answer: Answer) => [
      answer.status,
      answer.header('content-type'),
      answer.header('x-ratelimit-limit'),
      answer.header('retry-after'),
    ]
    try {
      expect([
        shapeOf(await postJson(url, { from: '192.0.2.3', body: fields })),
        shapeOf(await postForm(url, { from: '192.0.2.3', fields })),
      ]).toEqual([
        [503, 'application/problem+json', '5', '5'],
        [303, undefined, '5', undefined],
      ])
    } finally {
      await giveBack()
    }
  })
})
