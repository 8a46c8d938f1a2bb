import { describe, expect, it } from 'vitest'
import { toSummaryText } from './summary.mjs'

const summary = {
  site: 'http://127.0.0.1:3000',
  api: 'http://127.0.0.1:8787',
  docs: 'http://127.0.0.1:8787/docs',
  token: 'a.b.c',
  store: 'memory of each process',
  sendsMail: false,
  logs: '.millpond/logs',
  date: '2026-11-23',
  apiMoved: false,
  siteMoved: false,
}

describe('toSummaryText()', () => {
  it('lists where everything is and a command to try', () => {
    expect(toSummaryText(summary)).toBe(`
Millpond is running.

  Site        http://127.0.0.1:3000
  Mails       http://127.0.0.1:3000/dev/mail
  API docs    http://127.0.0.1:8787/docs
  Store       memory of each process
  Logs        .millpond/logs
  Demo token  a.b.c
  More users  http://127.0.0.1:8787/dev/personas

Try it twice; the second answer comes from the cache:

  curl -i -H 'Authorization: Bearer a.b.c' 'http://127.0.0.1:8787/api/v1/analytics/daily-summary?date=2026-11-23'

Ctrl-C stops everything.
`)
  })

  it('says when mails leave this machine', () => {
    expect(toSummaryText({ ...summary, sendsMail: true })).toContain('  Mails       sent through Resend\n')
  })

  it('says when a part is not on its default port', () => {
    const text = toSummaryText({ ...summary, site: 'http://127.0.0.1:4001', apiMoved: true, siteMoved: true })
    expect(text).toContain('  Site        http://127.0.0.1:4001  (port 3000 is taken)\n')
    expect(text).toContain('  API docs    http://127.0.0.1:8787/docs  (port 8787 is taken)\n')
  })
})
