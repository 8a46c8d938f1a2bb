import { describeWith, launchChromium, startPostgres } from 'millpond-e2e/servers'
import { expect, it } from 'vitest'
import { callSite, joinByJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { startSite } from './start-site.ts'

describeWith(['chromium', 'postgres'], 'the site without its database', () => {
  it('shows its home page without figures, and says of a page it cannot make that nothing was lost, without JavaScript too', async () => {
    const postgres = await startPostgres()
    const site = await startSite({ DATABASE_URL: await postgres.createDatabase() })
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await joinByJson(site.url, '192.0.2.1', { email: 'cloudy@x.org' })
      await page.goto(site.url + (await readMailLink(site.url, 'cloudy@x.org')))
      await page.getByRole('button', { name: 'Take my place' }).click()
      await page.getByTestId('place').waitFor()
      const plain = await browser.newContext({
        javaScriptEnabled: false,
        storageState: await page.context().storageState(),
      })
      expect((await callSite(`${site.url}/readyz`)).status).toBe(200)
      await postgres.stop()
      await expect.poll(async () => (await callSite(`${site.url}/readyz`)).status, { timeout: 30_000 }).toBe(503)
      expect((await callSite(`${site.url}/healthz`)).status).toBe(200)
      const scriptless = await plain.newPage()
      for (const path of ['/me', '/dev/mail']) {
        const answer = await scriptless.goto(site.url + path)
        expect([path, answer?.status()]).toEqual([path, 503])
        await scriptless.getByRole('heading', { name: 'The water is cloudy.' }).waitFor()
        expect(await scriptless.getByRole('banner').isVisible()).toBe(true)
        await scriptless.getByRole('button', { name: 'Try again' }).click()
        expect(new URL(scriptless.url()).pathname).toBe(path)
        expect(await scriptless.content()).not.toMatch(/ECONNREFUSED|select |signups/)
      }
      expect(site.errors()).toContain('Cannot make /me: Error')
      await page.reload()
      await page.getByRole('heading', { name: 'The water is cloudy.' }).waitFor()
      expect(await page.getByRole('button', { name: 'Try again' }).isEnabled()).toBe(true)
      expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(true)
      const home = await page.goto(`${site.url}/#figures`)
      expect([home?.status(), await page.getByRole('button', { name: 'Join the list' }).isVisible()]).toEqual([
        200,
        true,
      ])
    } finally {
      await browser.close()
      await site.stop()
    }
  })
})
