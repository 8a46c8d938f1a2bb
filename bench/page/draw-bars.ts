import { toReadable } from '../harness/print-table.ts'
import type { Measure, Row, Table, Value } from '../harness/results.ts'

const barHeight = 18
const gap = 6
const groupGap = 30
const labelWidth = 210
const plotWidth = 430
const valueWidth = 120
const width = labelWidth + plotWidth + valueWidth

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

interface Bar {
  readonly contender: string
  readonly value: number
  readonly low: number
  readonly high: number
}

function toBar({ contender, values }: Row, key: string): Bar | undefined {
  const value: Value | undefined = values[key]
  if (typeof value === 'number') return { contender, value, low: value, high: value }
  if (typeof value !== 'object' || value === null) return undefined
  return { contender, value: value.median, low: value.q1, high: value.q3 }
}

/** Ours are drawn in another colour; so is what nobody can exceed. */
function colourClass(contender: string, ceiling: string | undefined): string {
  if (contender === ceiling) return 'ceiling'
  return contender.startsWith('millpond') ? 'ours' : 'peer'
}

function drawBar(bar: Bar, top: number, scale: number, kind: string, unit: string): string {
  const x = (value: number): string => (labelWidth + value * scale).toFixed(1)
  const middle = top + barHeight / 2
  const whisker =
    bar.high > bar.low
      ? `<path class="whisker" d="M${x(bar.low)} ${middle}H${x(bar.high)}M${x(bar.low)} ${middle - 4}v8M${x(bar.high)} ${middle - 4}v8"/>`
      : ''
  const end = (labelWidth + Math.max(bar.high, bar.value) * scale + 8).toFixed(1)
  return [
    `<text class="name" x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escaped(bar.contender)}</text>`,
    `<rect class="${kind}" x="${labelWidth}" y="${top}" width="${Math.max(1, bar.value * scale).toFixed(1)}" height="${barHeight}" rx="2"/>`,
    whisker,
    `<text class="value" x="${end}" y="${middle + 4}">${escaped(`${toReadable(bar.value)}${unit === '' || unit.startsWith('/') ? unit : ` ${unit}`}`)}</text>`,
  ].join('')
}

const style = `text{font:12px system-ui,sans-serif;fill:#24312f}.title{font-weight:600;font-size:14px}.group{font-weight:600}.value{fill:#4a5a57}
.ours{fill:#0f766e}.peer{fill:#9db4b0}.ceiling{fill:#d9b36c}.whisker{stroke:#24312f;stroke-width:1.2;fill:none}.back{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#dfe8e6}.value{fill:#a9bab7}.whisker{stroke:#dfe8e6}.back{fill:#0d1117}.ours{fill:#2dd4bf}.peer{fill:#52706b}.ceiling{fill:#a8803a}}`

/**
 * A bar a row, grouped, with whiskers from the first to the third quartile. All bars of a group share one scale that begins at 0;
 * with `better: 'lower'` the shorter bar is the better one, and the title says so. Undefined when there is nothing to draw.
 */
export function drawBars(table: Table, measure: Measure): string | undefined {
  let top = 44
  const parts: string[] = []
  for (const group of new Set(table.rows.map((row) => row.group))) {
    const rows = table.rows.filter((row) => row.group === group)
    const bars = rows.flatMap((row) => toBar(row, measure.key) ?? [])
    if (bars.length === 0) continue
    const most = Math.max(...bars.map(({ high, value }) => Math.max(high, value)), Number.MIN_VALUE)
    if (group !== '') {
      parts.push(`<text class="group" x="${labelWidth}" y="${top + 10}">${escaped(group)}</text>`)
      top += 20
    }
    for (const bar of bars) {
      parts.push(drawBar(bar, top, plotWidth / most, colourClass(bar.contender, table.ceiling), measure.unit))
      top += barHeight + gap
    }
    top += groupGap - gap
  }
  if (parts.length === 0) return undefined
  const hint = measure.better === 'neither' ? '' : `, ${measure.better === 'higher' ? 'longer' : 'shorter'} is better`
  const title = escaped(`${table.title}: ${measure.title}${hint}`)
  const height = top - groupGap + 16
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}"><style>${style}</style><rect class="back" width="100%" height="100%"/><text class="title" x="16" y="24">${title}</text>${parts.join('')}</svg>\n`
}
