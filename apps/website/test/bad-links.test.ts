import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePersonToken } from '../src/waitlist/person-token.ts'
import { type Answer, callSite, joinByJson, postForm, postJson } from './call-site.ts'
import { readMailLink, tokenOf } from './read-mail.ts'
import { type StartedSite, startSite } from './start-site.ts'

const secret = 's'.repeat(40)
let site: StartedSite
beforeAll(async () => {
  site = await startSite({ CLIENT_ADDRESS: 'proxies:1', COOKIE_SECRET: secret })
})
afterAll(() => site?.stop())

const cookieOf = (answer: Answer): string =>
  answer.headers
    .filter(([name]) => name === 'set-cookie')
    .map(([, line]) => line.split(';')[0])
    .join('; ')

const confirmUrl = () => `${site.url}/api/waitlist/confirm`

async function enter(from: string, email: string) {
  await joinByJson(site.url, from, { email })
  const token = tokenOf(await readMailLink(site.url, email))
  const cookie = cookieOf(await postJson(confirmUrl(), { from, body: { token } }))
  const { person } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { person: string }
  return { token, cookie, person }
}

const open = (token: string, cookie = '') =>
  callSite(`${site.url}/confirm?token=${encodeURIComponent(token)}`, { headers: { cookie } })
/** What a page says, its menu and footer included. */
const textOf = ({ text }: Answer): string =>
  text
    .replace(/<script.*?<\/script>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
/** The page that a form's answer leads to, in the same browser. */
const follow = (answer: Answer, cookie = '') =>
  callSite(site.url + answer.header('location'), { headers: { cookie: `${cookieOf(answer)}; ${cookie}` } })
const asks = 'The address you joined with'

describe('a link of a mail', () => {
  it('that has expired is 410, and another one can be had on its page', async () => {
    const from = '192.0.2.1'
    const { person } = await enter(from, 'late@x.org')
    const issuedAt = new Date(Date.now() - 7 * 86_400_000)
    const token = writePersonToken(person, { purpose: 'mail-link', secret, issuedAt })
    const page = await open(token)
    expect(page.status).toBe(410)
    expect(textOf(page)).toMatch(/This link has dried up · Headwater .*This link has dried up\. It has expired/)
    expect(textOf(page)).toContain(asks)
    const json = await postJson(confirmUrl(), { from, body: { token } })
    expect([json.status, json.header('content-type')]).toEqual([410, 'application/problem+json'])
    const form = await postForm(confirmUrl(), { from, fields: { token } })
    expect(textOf(await follow(form))).toContain('This link does not work')
    expect([json, form].map((answer) => cookieOf(answer).includes('headwater_me'))).toEqual([false, false])
  })

  it('that does not work can be asked for anew in a browser that knows another place', async () => {
    const from = '192.0.2.2'
    const { cookie } = await enter(from, 'other@x.org')
    expect(textOf(await open('x.y', cookie))).toContain(asks)
    const form = await postForm(confirmUrl(), { from, cookie, fields: { token: 'x.y' } })
    const page = textOf(await follow(form, cookie))
    expect(page).toContain('You are in the stream.')
    expect(page).toContain(asks)
    const mistyped = await postForm(`${site.url}/api/waitlist/link`, { from, cookie, fields: { email: 'other@x' } })
    const again = await follow(mistyped, cookie)
    expect([textOf(again).includes(asks), again.text.includes('value="other@x"')]).toEqual([true, true])
    const sent = await postForm(`${site.url}/api/waitlist/link`, { from, cookie, fields: { email: 'other@x.org' } })
    expect(textOf(await follow(sent, cookie))).not.toContain(asks)
  })

  it('that was used says so, and shows the place again', async () => {
    const from = '192.0.2.3'
    const { token } = await enter(from, 'used@x.org')
    const page = textOf(await open(token))
    expect(page).toContain('Show my place')
    expect(page).not.toContain('Your place is drawn')
    expect((await postForm(confirmUrl(), { from, fields: { token } })).header('location')).toBe('/me')
  })

  it('of another person says that it changes whose place this browser shows', async () => {
    const { token } = await enter('192.0.2.4', 'one@x.org')
    const { cookie } = await enter('192.0.2.5', 'two@x.org')
    const switches = 'This browser shows another place now'
    expect(
      [textOf(await open(token)), textOf(await open(token, cookie))].map((page) => page.includes(switches)),
    ).toEqual([false, true])
  })

  it('of somebody who has left is dry', async () => {
    const from = '192.0.2.6'
    const { token, cookie } = await enter(from, 'left@x.org')
    await postJson(`${site.url}/api/waitlist/leave`, { from, cookie, body: {} })
    const page = await open(token)
    expect([page.status, textOf(page).includes('Take my place')]).toEqual([410, false])
  })
})
