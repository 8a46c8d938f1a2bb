import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { launchChromium } from 'millpond-e2e/servers'
import { startSite } from './start-site.ts'

type Browser = Awaited<ReturnType<typeof launchChromium>>
export type Page = Awaited<ReturnType<Browser['newPage']>>
export type VisitOptions = NonNullable<Parameters<Browser['newContext']>[0]>

// axe-core is a dependency of the package that lends the servers, so it is found from there.
const axePath = createRequire(createRequire(import.meta.url).resolve('millpond-e2e/servers')).resolve('axe-core')
const axe = readFileSync(axePath, 'utf8')

/** The site and a browser to visit it with. */
export async function startVisits(env: Record<string, string> = {}) {
  const [site, browser] = await Promise.all([startSite({ CLIENT_ADDRESS: 'proxies:1', ...env }), launchChromium()])
  let visitors = 0

  /** A visitor with an address of their own, and everything that a page of theirs complains about. */
  async function visit(options: VisitOptions = {}) {
    visitors += 1
    const address = `198.51.100.${visitors}`
    const context = await browser.newContext({ ...options, extraHTTPHeaders: { 'x-forwarded-for': address } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(site.url).origin) complaints.push(`foreign: ${request.url()}`)
    })
    return { page, context, address, complaints }
  }

  return {
    site,
    visit,
    /** The same, with the home page open. */
    async visitHome(options: VisitOptions = {}) {
      const visitor = await visit(options)
      await visitor.page.goto(site.url)
      return visitor
    },
    async stop(): Promise<void> {
      await browser.close()
      await site.stop()
    },
  }
}

export type Visits = Awaited<ReturnType<typeof startVisits>>

/** What axe finds wrong on the page as it stands: the rule and the elements. */
export async function violationsIn(page: Page): Promise<unknown[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, 'axe').run(document)
    return violations.map((found: { id: string; nodes: { target: unknown }[] }) => [
      found.id,
      ...found.nodes.map((node) => node.target),
    ])
  })
}

/** Sends the form that joins the list. */
export async function submitJoin(page: Page, email: string): Promise<void> {
  await page.getByLabel('Your e-mail address').fill(email)
  await page.getByRole('button', { name: 'Join the list' }).click()
}

/** The number of people on the list, as the open page shows it. */
export async function readFigure(page: Page): Promise<number> {
  return Number(await page.getByTestId('figures').locator('dd').first().innerText())
}
