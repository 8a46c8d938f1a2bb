import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, joinByJson, postForm, postJson, readStats } from './call-site.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

const adminToken = 'a'.repeat(40)
let site: StartedSite
beforeAll(async () => {
  site = await startSite({ CLIENT_ADDRESS: 'proxies:1', ADMIN_TOKEN: adminToken })
})
afterAll(() => site?.stop())

const cookieOf = (answer: { header(name: string): string | undefined }): string =>
  answer.header('set-cookie')?.split(';')[0] ?? ''

/** Joins, reads the mail and confirms; gives the cookie of the browser that did. */
async function enter(from: string, email: string, referralCode?: string) {
  await joinByJson(site.url, from, { email, referralCode })
  const token = tokenOf(await readMailLink(site.url, email))
  const answer = await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token } })
  return { answer, token, cookie: cookieOf(answer) }
}

const readStatus = (from: string, cookie: string) =>
  callSite(`${site.url}/api/waitlist/status`, { headers: { 'x-forwarded-for': from, cookie } })

describe('a person', () => {
  it('joins, reads the mail, confirms, and sees their place, however often they press', async () => {
    const from = '192.0.2.1'
    expect((await readStats(site.url, from)).json()).toMatchObject({ totalSignups: 0, foundingMembersLeft: 30 })
    const { answer, token, cookie } = await enter(from, 'first@x.org')
    const standing = {
      position: 1,
      totalSignups: 1,
      tier: 'founding',
      referralCode: expect.stringMatching(/^[2-9A-HJKMNP-Z]{8}$/),
      referralCount: 0,
      pendingReferrals: 0,
      displayName: null,
    }
    expect([answer.status, answer.json()]).toEqual([200, standing])
    expect(answer.header('set-cookie')).toMatch(
      /^headwater_me=[\w-]+\.[\w-]+; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Lax$/,
    )
    const again = await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token } })
    expect([again.status, again.json()]).toEqual([200, standing])
    const status = await readStatus(from, cookie)
    expect([status.status, status.header('cache-control'), status.json()]).toEqual([200, 'private, no-store', standing])
    expect((await readStats(site.url, from)).json()).toEqual({
      totalSignups: 1,
      foundingMembersLeft: 29,
      totalReferrals: 0,
    })
  })

  it('confirms by the button only: whoever opens the link for them changes nothing', async () => {
    const from = '192.0.2.40'
    await joinByJson(site.url, from, { email: 'scanned@x.org' })
    const link = await readMailLink(site.url, 'scanned@x.org')
    const left = async () => (await readStats(site.url, from)).json() as { foundingMembersLeft: number }
    const before = await left()
    for (const method of ['GET', 'HEAD', 'GET']) {
      const opened = await callSite(site.url + link, { method })
      expect([opened.status, opened.header('set-cookie')]).toEqual([200, undefined])
    }
    expect(await left()).toEqual(before)
    const api = await callSite(`${site.url}/api${link.replace('/confirm', '/waitlist/confirm')}`)
    expect([api.status, await left()]).toEqual([405, before])
    const pressed = await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token: tokenOf(link) } })
    expect([pressed.status, (await left()).foundingMembersLeft]).toEqual([200, before.foundingMembersLeft - 1])
  })

  it('moves up by a friend who confirms, and the leaderboard shows it at once', async () => {
    const from = '192.0.2.2'
    for (const nth of [1, 2, 3]) await enter(from, `before${nth}@x.org`)
    const last = await enter('192.0.2.3', 'last@x.org')
    const { referralCode, position } = last.answer.json() as { referralCode: string; position: number }
    const board = async () =>
      (await callSite(`${site.url}/api/waitlist/leaderboard`, { headers: { 'x-forwarded-for': from } })).json()
    expect(await board()).toEqual([])
    await joinByJson(site.url, '192.0.2.3', { email: 'friend@x.org', referralCode })
    expect((await readStatus(from, last.cookie)).json()).toMatchObject({ position, pendingReferrals: 1 })
    await postJson(`${site.url}/api/waitlist/confirm`, {
      from,
      body: { token: tokenOf(await readMailLink(site.url, 'friend@x.org')) },
    })
    expect((await readStatus(from, last.cookie)).json()).toMatchObject({ position: 1, referralCount: 1 })
    expect(await board()).toEqual([
      {
        rank: 1,
        display_name: expect.stringMatching(/^[A-Z][a-z]+ [A-Z][a-z]+$/),
        referral_count: 1,
        queue_position: 1,
      },
    ])
    const take = (displayName: string) =>
      postJson(`${site.url}/api/waitlist/name`, { from, cookie: last.cookie, body: { displayName } })
    const [invented, name] = [await board(), await take(' Ida ')]
    expect([name.status, name.json()]).toEqual([200, { displayName: 'Ida' }])
    expect(await board()).toMatchObject([{ display_name: 'Ida' }])
    const takenBack = await take(' ')
    expect([takenBack.status, takenBack.json(), await board()]).toEqual([200, { displayName: null }, invented])
    for (const bad of [
      'a'.repeat(41),
      'ida@x.org',
      'a\u202Eb',
      'x\u0000y',
      '<i>',
      '\u3164',
      'a\uD800',
      `a${'\u0301'.repeat(20)}`,
      7,
    ]) {
      const answer = await postJson(`${site.url}/api/waitlist/name`, {
        from: '192.0.2.9',
        cookie: last.cookie,
        body: { displayName: bad },
      })
      expect([bad, answer.status]).toEqual([bad, 400])
    }
  })

  it('is nobody without a token of their own', async () => {
    const from = '192.0.2.4'
    const { cookie, token } = await enter(from, 'own@x.org')
    const [name, value] = cookie.split('=')
    const [payload] = (value ?? '').split('.')
    const cookies = ['', `${name}=${payload}.AAAA`, `${name}=${token}`, `headwater_note=${value}`, `${name}=`]
    const answers = []
    for (const forged of cookies) answers.push(await readStatus(from, forged))
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
    const tokens = ['', `${token}A`, value, 'x'.repeat(2_000), 7]
    const confirms = []
    for (const forged of tokens) {
      confirms.push(await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token: forged } }))
    }
    expect(confirms.map(({ status }) => status)).toEqual([410, 410, 410, 400, 400])
  })

  it('is the same to the routes and to the pages, whatever a sibling host has set under the same names', async () => {
    const from = '192.0.2.8'
    const [{ cookie }, another] = [await enter(from, 'two@x.org'), await enter('192.0.2.7', 'other@x.org')]
    const renamed = await postForm(`${site.url}/api/waitlist/name`, { from, cookie, fields: { displayName: '<i>' } })
    const [note, path] = [cookieOf(renamed), renamed.header('location')?.split('#')[0]]
    const see = async (cookies: string) => {
      const page = await callSite(`${site.url}${path}`, { headers: { cookie: cookies } })
      const { status } = await readStatus(from, cookies)
      return [status, page.text.includes('data-testid="place"'), page.text.includes('simple punctuation')]
    }
    const foreign = 'headwater_me=x; headwater_note=y'
    expect([await see(`${foreign}; ${cookie}; ${note}`), await see(`${note}; ${cookie}; ${foreign}`)]).toEqual([
      [200, true, true],
      [200, true, true],
    ])
    // Which of the two was put there nobody can tell.
    expect([await see(`${another.cookie}; ${cookie}`), await see(`${cookie}; ${another.cookie}`)]).toEqual([
      [401, false, false],
      [401, false, false],
    ])
  })

  it('answers the quiz once more in place of before, and is told which answer does not fit', async () => {
    const from = '192.0.2.11'
    const { cookie } = await enter(from, 'quiz@x.org')
    const answer = (body: unknown) => postJson(`${site.url}/api/waitlist/quiz`, { from, cookie, body })
    const kept = [await answer({ goal: 'Before', apps: ['Ring'] }), await answer({ goal: 'To sleep', apps: ['Watch'] })]
    expect(kept.map(({ status }) => status)).toEqual([200, 200])
    const many = Array.from({ length: 13 }, () => 'a')
    const refused = await answer({ goal: 'x'.repeat(281), apps: ['Ring', ''], frustrations: many })
    expect([refused.status, refused.json()]).toMatchObject([
      400,
      {
        errors: [
          { field: 'apps.1', detail: 'is missing' },
          { field: 'frustrations', detail: 'must have at most 12 entries' },
          { field: 'goal', detail: 'must be at most 280 characters' },
        ],
      },
    ])
    expect((await answer([])).json()).toMatchObject({ errors: [{ field: 'body' }] })
    const fields = { goal: 'a\u200Bb' }
    const form = await postForm(`${site.url}/api/waitlist/quiz`, { from, cookie, fields })
    const page = await callSite(site.url + form.header('location'), {
      headers: { cookie: `${cookie}; ${cookieOf(form)}` },
    })
    expect(page.text).toContain('An answer must not contain control characters.')
    const me = (await callSite(`${site.url}/me`, { headers: { cookie } })).text
    expect([me.includes('To sleep'), me.includes('Before')]).toEqual([true, false])
    expect(
      [
        /checked=""[^>]*value="Watch"|value="Watch"[^>]*checked=""/,
        /checked=""[^>]*value="Ring"|value="Ring"[^>]*checked=""/,
      ].map((box) => box.test(me)),
    ).toEqual([true, false])
  })

  it('gets another link by mail, and who is not on the list gets the same answer and no mail', async () => {
    const from = '192.0.2.5'
    const known = await postJson(`${site.url}/api/waitlist/link`, { from, body: { email: 'first@x.org' } })
    const unknown = await postJson(`${site.url}/api/waitlist/link`, { from, body: { email: 'nobody@x.org' } })
    expect([known.status, known.text]).toEqual([202, unknown.text])
    expect((await callSite(`${site.url}/dev/mail`)).text).not.toContain('nobody@x.org')
    const bad = await postJson(`${site.url}/api/waitlist/link`, { from, body: { email: 'x' } })
    expect([unknown.status, bad.status]).toEqual([202, 400])
  })

  it('does all of it with forms alone', async () => {
    const from = '192.0.2.6'
    await postForm(`${site.url}/api/waitlist/join`, { from, fields: { email: 'form@x.org' } })
    const path = await readMailLink(site.url, 'form@x.org')
    const page = await callSite(`${site.url}${path}`)
    expect([page.status, page.text.includes('Take my place')]).toEqual([200, true])
    expect((await callSite(`${site.url}/confirm?token=x.y`)).text).toContain('This link has dried up.')
    const confirmed = await postForm(`${site.url}/api/waitlist/confirm`, { from, fields: { token: tokenOf(path) } })
    expect([confirmed.status, confirmed.header('location')]).toEqual([303, '/me'])
    const me = await callSite(`${site.url}/me`, { headers: { cookie: cookieOf(confirmed) } })
    expect(me.text).toMatch(/data-testid="place">\d+</)
    expect(me.text).not.toContain('form@x.org')
    const named = await postForm(`${site.url}/api/waitlist/name`, {
      from,
      cookie: cookieOf(confirmed),
      fields: { displayName: 'Flora' },
    })
    expect([named.status, named.header('location')]).toEqual([303, expect.stringMatching(/^\/me\?note=\w+#name-note$/)])
    const failed = await postForm(`${site.url}/api/waitlist/confirm`, { from, fields: { token: 'x' } })
    expect(failed.header('location')).toMatch(/^\/me\?note=\w+#link-note$/)
  })
})

describe('a person who leaves', () => {
  const statsOf = async (from: string) =>
    (await readStats(site.url, from)).json() as { totalSignups: number; totalReferrals: number }
  const boardOf = async (from: string) =>
    (await callSite(`${site.url}/api/waitlist/leaderboard`, { headers: { 'x-forwarded-for': from } })).json() as {
      referral_count: number
      queue_position: number
    }[]
  const admin = (path: string, body: unknown, token = adminToken) =>
    callSite(`${site.url}/api/waitlist/admin/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'x-forwarded-for': '192.0.2.40',
      },
      body: JSON.stringify(body),
    })

  it('is gone from every figure at once, and whoever brought them counts one friend less', async () => {
    const from = '192.0.2.30'
    const host = await enter(from, 'host@x.org')
    const { referralCode } = host.answer.json() as { referralCode: string }
    const [one, two] = [
      await enter('192.0.2.31', 'guest1@x.org', referralCode),
      await enter('192.0.2.32', 'guest2@x.org', referralCode),
    ]
    const before = await statsOf(from)
    expect((await boardOf(from))[0]).toMatchObject({ referral_count: 2 })
    const left = await postJson(`${site.url}/api/waitlist/leave`, { from, cookie: one.cookie, body: {} })
    expect([left.status, left.header('set-cookie')]).toEqual([
      200,
      'headwater_me=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ])
    expect(await statsOf(from)).toEqual({
      ...before,
      totalSignups: before.totalSignups - 1,
      totalReferrals: before.totalReferrals - 1,
    })
    expect((await boardOf(from))[0]).toMatchObject({ referral_count: 1 })
    expect((await readStatus(from, host.cookie)).json()).toMatchObject({ referralCount: 1, pendingReferrals: 0 })
    expect((await readStatus(from, one.cookie)).status).toBe(401)
    const again = await postJson(`${site.url}/api/waitlist/leave`, { from, cookie: one.cookie, body: {} })
    const confirm = await postJson(`${site.url}/api/waitlist/confirm`, { from, body: { token: one.token } })
    const stranger = await postJson(`${site.url}/api/waitlist/leave`, { from, body: {} })
    expect([again.status, confirm.status, stranger.status]).toEqual([200, 410, 401])
    expect((await statsOf(from)).totalSignups).toBe(before.totalSignups - 1)
    for (const [route, body] of [
      ['name', { displayName: 'Ghost' }],
      ['quiz', { goal: 'none' }],
    ] as const) {
      const url = `${site.url}/api/waitlist/${route}`
      const gone = await postJson(url, { from, cookie: one.cookie, body })
      const fields = { from: '192.0.2.33', cookie: one.cookie, fields: body }
      const goneForm = await postForm(url, fields)
      const strangers = await postForm(url, { ...fields, cookie: '' })
      expect([gone.status, goneForm.status, strangers.status]).toEqual([401, 303, 303])
      for (const answer of [goneForm, strangers])
        expect(answer.header('location')).toMatch(/^\/me\?note=\w+#link-note$/)
    }
    const form = await postForm(`${site.url}/api/waitlist/leave`, { from, cookie: two.cookie, fields: {} })
    expect([form.status, form.header('location')]).toEqual([303, expect.stringMatching(/^\/me\?note=\w+#link-note$/)])
    expect(form.headers.filter(([name]) => name === 'set-cookie').length).toBe(2)
  })

  it('is told so only when they were known: a cookie that was cut short deletes nobody', async () => {
    const from = '192.0.2.34'
    const { cookie } = await enter(from, 'cut@x.org')
    const before = await statsOf(from)
    const url = `${site.url}/api/waitlist/leave`
    const cut = { from, cookie: cookie.slice(0, -4) }
    const json = await postJson(url, { ...cut, body: {} })
    const form = await postForm(url, { ...cut, fields: {} })
    expect([json.status, form.status]).toEqual([401, 303])
    const page = await callSite(`${site.url}${form.header('location')}`, { headers: { cookie: cookieOf(form) } })
    expect(page.text).toContain('This browser is not known here any more.')
    expect(page.text).not.toContain('is deleted')
    expect([await statsOf(from), (await readStatus(from, cookie)).status]).toEqual([before, 200])
  })

  it('can be removed, or taken back as a friend, by the admin alone', async () => {
    const from = '192.0.2.41'
    const host = await enter(from, 'patron@x.org')
    const { referralCode } = host.answer.json() as { referralCode: string }
    for (const nth of [1, 2]) await enter(`192.0.2.${41 + nth}`, `ward${nth}@x.org`, referralCode)
    const standing = async () => (await readStatus(from, host.cookie)).json()
    expect(await standing()).toMatchObject({ referralCount: 2 })
    const reversals = [
      await admin('reverse', { email: ' WARD1@x.org' }),
      await admin('reverse', { email: 'ward1@x.org' }),
      await admin('reverse', { email: 'nobody@x.org' }),
    ]
    expect(reversals.map((answer) => answer.json())).toEqual([
      { changed: true },
      { changed: false },
      { changed: false },
    ])
    expect(await standing()).toMatchObject({ referralCount: 1, pendingReferrals: 0 })
    const before = await statsOf(from)
    expect((await admin('remove', { email: 'ward2@x.org' })).json()).toEqual({ changed: true })
    expect(await standing()).toMatchObject({ referralCount: 0 })
    expect((await statsOf(from)).totalSignups).toBe(before.totalSignups - 1)
    const refused = [await admin('remove', { email: 'x' }), await admin('remove', { email: 'ward1@x.org' }, 'b')]
    expect(refused.map(({ status }) => status)).toEqual([400, 401])
  })
})
