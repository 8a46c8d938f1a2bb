import { once } from 'node:events'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { memory } from 'millpond/memory'
import { describeWith, launchChromium } from 'millpond-e2e/servers'
import { expect, it } from 'vitest'
import { openPglite } from '../src/db/database.ts'
import { createHarness, openTestIssuer, TODAY } from './harness.ts'

describeWith('chromium', 'the documentation page', () => {
  it('lists every route, asks no other host, and lets a person try one with a token', async () => {
    const [database, testIssuer] = [await openPglite(), await openTestIssuer()]
    const harness = createHarness({ database, store: memory(), testIssuer })
    const listener = getRequestListener((request) => harness.app.fetch(request, {}))
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    const browser = await launchChromium()
    try {
      const { token } = await harness.createUser()
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
      const [elsewhere, errors]: [string[], string[]] = [[], []]
      page.on('request', (request) => {
        if (!/^data:/.test(request.url()) && new URL(request.url()).origin !== url) elsewhere.push(request.url())
      })
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto(`${url}/docs`)
      await page.locator('.opblock').first().waitFor()
      expect(await page.locator('.opblock').count()).toBe(16)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)

      await page.locator('.btn.authorize').first().click()
      await page.locator('.modal-ux input').fill(token)
      await page.locator('.modal-ux .btn.authorize').click()
      await page.locator('.modal-ux .btn-done').click()
      const route = page.locator('.opblock', { hasText: '/analytics/daily-summary' }).first()
      await route.locator('.opblock-summary-control').click()
      await route.locator('input[placeholder^="date"]').fill(TODAY)
      await route.locator('.execute').click()
      const answer = route.locator('.live-responses-table')
      await answer.waitFor()
      expect(await answer.innerText()).toContain('cache-status: millpond; fwd=miss')
      expect([elsewhere, errors]).toEqual([[], []])
    } finally {
      await browser.close()
      server.close()
      server.closeAllConnections()
      await database.close()
      await testIssuer.close()
    }
  })
})
