import { describeWith } from 'millpond-e2e/servers'
import { expect, it } from 'vitest'
import { callSite } from './call-site.ts'
import { startVisits } from './visits.ts'

const adminToken = 'a'.repeat(40)

describeWith('chromium', 'the page of support', () => {
  it('shows large sums of several currencies in 320 px, and where to give, without a word of a list that nobody reads', async () => {
    const givingUrl = 'https://www.buymeacoffee.com/headwater'
    const visits = await startVisits({ ADMIN_TOKEN: adminToken, BMC_PAGE_URL: givingUrl })
    const gifts = [
      { sourceId: '1', amountMinor: 100_000_000, currency: 'USD', name: 'Bartholomea Wolkenkratzer-Eisenbahn' },
      { sourceId: '2', amountMinor: 1_000_000_000, currency: 'JPY' },
    ]
    for (const gift of gifts) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` }
      const options = { method: 'POST', headers, body: JSON.stringify(gift) }
      expect((await callSite(`${visits.site.url}/api/support/admin/contribute`, options)).status).toBe(200)
    }
    const { page } = await visits.visit({ viewport: { width: 320, height: 640 } })
    await page.goto(`${visits.site.url}/support`)
    const wide = await page.getByTestId('support').evaluate((box) => box.scrollWidth > box.clientWidth)
    expect([wide, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([false, 320])
    expect(await page.getByRole('link', { name: 'Give at' }).getAttribute('href')).toBe(givingUrl)
    expect(await page.getByText('could not be read').count()).toBe(0)
    await visits.stop()
  })

  it('has no button where there is no page to give at', async () => {
    const visits = await startVisits()
    expect((await callSite(`${visits.site.url}/support`)).text).not.toContain('buymeacoffee.com')
    await visits.stop()
  })
})
