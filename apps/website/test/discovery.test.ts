import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite, postForm } from './call-site.ts'
import { type StartedSite, startSite } from './start-site.ts'

const paths = ['/', '/about', '/contact', '/cookies', '/demo', '/leaderboard', '/privacy', '/support', '/terms']

describe('what the site tells search engines', () => {
  let site: StartedSite
  beforeAll(async () => {
    site = await startSite({ SITE_URL: 'https://headwater.test' })
  })
  afterAll(() => site?.stop())

  it('sitemap.xml names every public page under its outside address, and each answers', async () => {
    const map = await callSite(`${site.url}/sitemap.xml`)
    expect([map.status, map.header('content-type')]).toEqual([200, 'application/xml'])
    const found = [...map.text.matchAll(/<loc>(.*?)<\/loc>/g)].map((match) => match[1])
    expect(found).toEqual(paths.map((path) => `https://headwater.test${path}`))
    const answers = await Promise.all(paths.map((path) => callSite(site.url + path)))
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200))
  })

  it('robots.txt keeps the API, a person’s pages and the local mailbox out, and nothing that the sitemap names', async () => {
    const robots = await callSite(`${site.url}/robots.txt`)
    expect(robots.status).toBe(200)
    expect(robots.text.trim().split('\n')).toEqual([
      'User-Agent: *',
      'Allow: /',
      'Disallow: /api/',
      'Disallow: /me',
      'Disallow: /confirm',
      'Disallow: /dev/',
      '',
      'Sitemap: https://headwater.test/sitemap.xml',
    ])
    const kept = [...robots.text.matchAll(/Disallow: (.*)/g)].map((match) => match[1] ?? '')
    expect(paths.filter((path) => kept.some((start) => path.startsWith(start)))).toEqual([])
  })

  it('the image and the manifest that its pages name are there', async () => {
    const { text } = await callSite(site.url)
    const [, image] = /property="og:image" content="https:\/\/headwater\.test([^"]+)"/.exec(text) ?? []
    const [, manifest] = /rel="manifest" href="([^"]+)"/.exec(text) ?? []
    const answers = await Promise.all([image, manifest].map((path) => callSite(`${site.url}${path}`)))
    expect(answers.map((answer) => [answer.status, answer.header('content-type')])).toEqual([
      [200, 'image/png'],
      [200, 'application/manifest+json'],
    ])
    expect(answers[1]?.json()).toMatchObject({ name: 'Headwater' })
  })

  it('who has reached it by https is to come back by https, page or API', async () => {
    const answers = await Promise.all(['/', '/api/waitlist/stats'].map((path) => callSite(site.url + path)))
    expect(answers.map(({ header }) => header('strict-transport-security'))).toEqual(Array(2).fill('max-age=31536000'))
  })

  it('who has reached it by https sends its cookies by https only', async () => {
    for (const route of ['waitlist/link', 'waitlist/leave']) {
      const answer = await postForm(`${site.url}/api/${route}`, { from: '192.0.2.1', fields: { email: 'ada@x.org' } })
      const lines = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.filter((line) => !line.endsWith('; Secure'))).toEqual([])
    }
  })

  it('a page about a person is marked for no index', async () => {
    const page = await callSite(`${site.url}/me`)
    expect(page.text).toContain('<meta name="robots" content="noindex"/>')
  })
})
