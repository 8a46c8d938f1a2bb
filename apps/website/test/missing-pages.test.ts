import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, limitsOf } from './call-site.ts'
import { type StartedSite, startSite } from './start-site.ts'

/** What a browser without JavaScript shows of a page. */
function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body'))
  return body
    .replace(/<(script|style|template)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<div hidden[\s\S]*?<\/div>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
}

describe('what is not there', () => {
  let site: StartedSite
  beforeAll(async () => {
    site = await startSite({ CLIENT_ADDRESS: 'proxies:1' })
  })
  afterAll(() => site?.stop())
  const ask = (path: string) => callSite(site.url + path, { headers: { 'x-forwarded-for': '192.0.2.7' } })

  it.each(['/missing', '/about/more', '/Me', '/favicon.ico', '/%00', '/_next/missing'])(
    'is a page with 404 and its text, without JavaScript too: %s',
    async (path) => {
      const answer = await ask(path)
      expect([answer.status, answer.header('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
      expect(textOf(answer.text)).toContain('There is no page under this address.')
      expect(answer.header('content-security-policy')).toMatch(/script-src [^;]*'nonce-/)
      expect(answer.text).toContain('<meta name="robots" content="noindex')
    },
  )

  it.each(['/api', '/api/', '/api/missing'])('is a problem document under %s, within the limits', async (path) => {
    const answer = await ask(path)
    expect([answer.status, answer.header('content-type')]).toEqual([404, 'application/problem+json'])
    expect(limitsOf(answer)).toContain('x-ratelimit-limit: 60')
  })

  it.each(['/', '/about', '/me', '/confirm', '/icon.svg', '/manifest.webmanifest', '/robots.txt', '/sitemap.xml'])(
    'is not said of %s',
    async (path) => {
      expect((await ask(path)).status).toBe(200)
    },
  )
})
