import type { launchChromium } from 'millpond-e2e/servers'

type Browser = Awaited<ReturnType<typeof launchChromium>>
type Page = Awaited<ReturnType<Browser['newPage']>>

/** How long a form waits for its script, as globals.css says. */
const WAIT_MS = 8_000

/**
 * Lets the time pass that a form waits for its script. Works where the page's own scripts have not arrived, and waits
 * itself for the stylesheet: text is there, and counts as visible, before it.
 */
export async function waitInVain(page: Page): Promise<void> {
  await page.waitForFunction(
    (waitMs) => {
      const waits = document.getAnimations().filter((each) => Reflect.get(each, 'animationName') === 'no-room')
      for (const wait of waits) wait.finish()
      // On a busy machine the time may have passed by itself.
      return waits.length > 0 || performance.now() >= waitMs
    },
    WAIT_MS,
    { polling: 50 },
  )
}

/** Keeps what the page asks for by these names until `release`, and adds up how far it moves on screen. */
export async function holdBack(page: Page, names: RegExp) {
  const held: (() => void)[] = []
  let isOpen = false
  await page.route(names, async (route) => {
    if (!isOpen) await new Promise<void>((resolve) => held.push(resolve))
    await route.continue()
  })
  await page.addInitScript(() => {
    Reflect.set(globalThis, 'shift', 0)
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        Reflect.set(globalThis, 'shift', Reflect.get(globalThis, 'shift') + Number(Reflect.get(entry, 'value')))
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  return {
    /** Opens the page and resolves once it has been painted without them. */
    async open(url: string): Promise<void> {
      await page.goto(url, { waitUntil: 'commit' })
      await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0)
      if (held.length === 0) throw new RangeError(`Cannot hold ${names} back: ${url} did not ask for it`)
    },
    async release(): Promise<void> {
      isOpen = true
      for (const go of held) go()
      await page.waitForLoadState('load')
    },
    /** The layout shift so far, with what the last two frames moved. */
    readShift: (): Promise<number> =>
      page.evaluate(async () => {
        await document.fonts.ready
        for (let nth = 0; nth < 3; nth += 1) await new Promise((resolve) => requestAnimationFrame(resolve))
        return Number(Reflect.get(globalThis, 'shift'))
      }),
  }
}

export const heightOf = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollHeight)
