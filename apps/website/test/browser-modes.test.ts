import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Page, startVisits, type Visits } from './visits.ts'

const paths = ['/', '/contact', '/support', '/me', '/demo', '/leaderboard'] as const

/** Which of the elements lie over each other, by their texts. */
const overlapsOf = (page: Page, selector: string): Promise<unknown[]> =>
  page.locator(selector).evaluateAll((elements) => {
    const boxes = elements.map((element) => {
      const range = document.createRange()
      range.selectNodeContents(element)
      // A circle has no text.
      return element.textContent === '' ? element.getBoundingClientRect() : range.getBoundingClientRect()
    })
    const nameOf = (index: number): string => elements[index]?.textContent || 'spring'
    return boxes.flatMap((a, i) =>
      boxes.flatMap((b, k) => {
        const isClear = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
        return k <= i || a.width === 0 || b.width === 0 || isClear ? [] : [[nameOf(i), nameOf(k)]]
      }),
    )
  })

describeWith('chromium', 'the pages in another mode', () => {
  let visits: Visits
  beforeAll(async () => {
    visits = await startVisits({ DEMO_DATA: '1' })
  })
  afterAll(() => visits?.stop())

  it('keep what is pressed in sight in the colours of the system', async () => {
    const { page, context } = await visits.visit({ forcedColors: 'active' })
    for (const path of ['/', '/contact', '/me']) {
      await page.goto(visits.site.url + path)
      const borders = await page.locator('main button[type=submit]').evaluateAll((buttons) =>
        buttons.map((button) => {
          const { borderTopWidth, borderTopColor } = getComputedStyle(button)
          return `${borderTopWidth} ${borderTopColor}`
        }),
      )
      expect(borders.length).toBeGreaterThan(0)
      expect([path, borders.filter((border) => /^0px|rgba\(0, 0, 0, 0\)/.test(border))]).toEqual([path, []])
    }
    await context.close()
  })

  it('have room for text of twice the size, without sideways scrolling and figures over each other', async () => {
    const { page, context } = await visits.visit({ viewport: { width: 700, height: 1_000 }, javaScriptEnabled: true })
    for (const path of paths) {
      await page.goto(visits.site.url + path)
      await page.evaluate(() => document.documentElement.style.setProperty('font-size', '225%'))
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect([path, width, await overlapsOf(page, 'main dd, main dt')]).toEqual([path, 700, []])
    }
    await context.close()
  })

  it('have the way around the site in one row, of links or behind the menu', async () => {
    const { page, context } = await visits.visit()
    await page.goto(`${visits.site.url}/about`)
    for (const width of [320, 640, 768, 900, 927, 928, 1_024, 1_280]) {
      await page.setViewportSize({ width, height: 900 })
      const shown = page.locator('header').locator('a:visible, summary:visible')
      const tops = await shown.evaluateAll((elements) =>
        elements.map((element) => {
          const { top, bottom } = element.getBoundingClientRect()
          return (top + bottom) / 2
        }),
      )
      const count = width < 928 ? 2 : 6
      expect([width, tops.length, Math.max(...tops) - Math.min(...tops) < 12]).toEqual([width, count, true])
    }
    await context.close()
  })

  it('are dark on white on paper, also for who prefers them dark', async () => {
    const { page, context } = await visits.visit({ colorScheme: 'dark' })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    for (const path of ['/', '/support']) {
      await page.goto(visits.site.url + path)
      const colours = await page.evaluate(() => {
        const { backgroundColor } = getComputedStyle(document.documentElement)
        const water = document.querySelector('.on-water')
        if (water === null) throw new RangeError('Cannot find water')
        const { color, backgroundColor: own } = getComputedStyle(water)
        return [backgroundColor, own, color, getComputedStyle(document.body).color]
      })
      expect([path, ...colours]).toEqual([
        path,
        'rgb(255, 255, 255)',
        'rgba(0, 0, 0, 0)',
        'rgb(16, 38, 44)',
        'rgb(16, 38, 44)',
      ])
      expect(await page.getByRole('navigation', { name: 'Main' }).isVisible()).toBe(false)
    }
    await context.close()
  })

  it.each([320, 390, 620, 768, 1_100, 1_280])(
    'show the whole map at %i px, with each name clear of its spring',
    async (width) => {
      const { page, context } = await visits.visitHome({ viewport: { width, height: 900 } })
      expect(await overlapsOf(page, 'section svg circle, section svg .water-name')).toEqual([])
      const cut = await page.locator('section svg .water-name, section svg circle').evaluateAll((marks) =>
        marks.flatMap((mark) => {
          const { top, bottom, left, right, width } = mark.getBoundingClientRect()
          const map = mark.closest('svg')?.getBoundingClientRect()
          if (map === undefined || width === 0) return []
          const isIn = top >= map.top && bottom <= map.bottom && left >= map.left && right <= map.right
          return isIn ? [] : [mark.textContent]
        }),
      )
      expect(cut).toEqual([])
      await context.close()
    },
  )
})
