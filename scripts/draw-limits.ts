/**
 * Draws what each policy admits over time, for the guide: `node --import tsx scripts/draw-limits.ts`. What is drawn comes from the library itself, on its virtual clock and memory store.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concurrency, createLimiter, fixedWindow, type Policy, slidingWindow, tokenBucket } from 'millpond'
import { memory } from 'millpond/memory'
import { createFakeClock } from 'millpond/testing'
import { repositoryRoot } from './build/repository-root.mjs'

const limit = 5
const seconds = 40
const windowSeconds = 10
const start = 1_800_000_000_000

/** When somebody asks, in seconds: a burst before an edge of the fixed window and one after it, then once a second. */
const asked = [
  ...[8, 8.4, 8.8, 9.2, 9.6, 9.9],
  ...[10.1, 10.5, 10.9, 11.3, 11.7, 12],
  ...Array.from({ length: 24 }, (_, index) => 15 + index),
]

interface Attempt {
  readonly at: number
  readonly allowed: boolean
  /** How many are counted, or under way, just after it. */
  readonly most: number
}

/** Asks at each moment; `holdSeconds` gives the permit back so much later. */
async function run(policy: Policy<unknown>, holdSeconds?: number): Promise<Attempt[]> {
  const clock = createFakeClock(start)
  const limiter = createLimiter({ store: memory({ clock }), clock, denialMemo: false, policies: { p: policy } })
  const admitted: number[] = []
  const attempts: Attempt[] = []
  for (const at of asked) {
    await clock.advance(start + at * 1_000 - clock.now())
    const decision = await limiter.limit('p', 'somebody')
    if (decision.allowed) {
      admitted.push(at)
      if (holdSeconds !== undefined) clock.after(holdSeconds * 1_000, () => void limiter.refund(decision))
    }
    const span = holdSeconds ?? windowSeconds
    attempts.push({ at, allowed: decision.allowed, most: admitted.filter((moment) => moment > at - span).length })
  }
  return attempts
}

const [left, right, top, height] = [20, 620, 66, 96]
const x = (second: number): string => (left + (second / seconds) * (right - left)).toFixed(1)
const y = (count: number): string => (top + height - (count / 10) * height).toFixed(1)

const style = `text{font:12px system-ui,sans-serif;fill:#24312f}.title{font-weight:600;font-size:14px}.soft{fill:#4a5a57}.back{fill:#fff}
.yes{fill:#0f766e}.no{fill:none;stroke:#b4472f;stroke-width:1.6}.line{fill:none;stroke:#0f766e;stroke-width:2}.limit{stroke:#b4472f;stroke-dasharray:4 3}.axis{stroke:#9db4b0}
@media(prefers-color-scheme:dark){text{fill:#dfe8e6}.soft{fill:#a9bab7}.back{fill:#0d1117}.yes{fill:#2dd4bf}.line{stroke:#2dd4bf}.no,.limit{stroke:#f08a6c}.axis{stroke:#52706b}}`

function draw(title: string, counted: string, attempts: readonly Attempt[]): string {
  const marks = attempts.map(({ at, allowed }) =>
    allowed
      ? `<circle class="yes" cx="${x(at)}" cy="44" r="4.5"/>`
      : `<circle class="no" cx="${x(at)}" cy="44" r="3.8"/>`,
  )
  const steps = attempts.map(({ at, most }) => `H${x(at)}V${y(most)}`).join('')
  const ticks = [0, 10, 20, 30, 40].map(
    (second) =>
      `<path class="axis" d="M${x(second)} ${top}v${height + 5}"/><text class="soft" x="${x(second)}" y="${top + height + 20}" text-anchor="middle">${second} s</text>`,
  )
  const most = Math.max(...attempts.map((attempt) => attempt.most))
  const passed = attempts.filter(({ allowed }) => allowed).length
  const words = `${title}: of ${attempts.length} attempts ${passed} pass. ${counted}: at most ${most}.`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 210" width="640" height="210" role="img" aria-label="${words}">
<title>${words}</title><style>${style}</style><rect class="back" width="640" height="210"/>
<text class="title" x="${left}" y="22">${title}</text><text class="soft" x="${right}" y="22" text-anchor="end">● passes  ○ is refused</text>
${ticks.join('')}
${marks.join('')}
<path class="limit" d="M${left} ${y(limit)}H${right}"/><text class="soft" x="${right}" y="${Number(y(limit)) - 5}" text-anchor="end">limit ${limit}</text>
<path class="line" d="M${left} ${y(0)}${steps}H${right}"/>
<text class="soft" x="${left}" y="204">${counted}: at most ${most}</text></svg>
`
}

const rolling = `the line: what passed in the last ${windowSeconds} s`
const options = { limit, window: `${windowSeconds}s`, onUnavailable: 'closed' } as const
const pictures: readonly (readonly [string, string, string, Policy<unknown>, number?])[] = [
  ['sliding-window', `slidingWindow: ${limit} in any ${windowSeconds} s`, rolling, slidingWindow(options)],
  ['fixed-window', `fixedWindow: ${limit} in each ${windowSeconds} s from an edge`, rolling, fixedWindow(options)],
  [
    'token-bucket',
    `tokenBucket: ${limit} at once, then one every ${windowSeconds / limit} s`,
    rolling,
    tokenBucket(options),
  ],
  [
    'concurrency',
    `concurrency: ${limit} at a time, each under way for 6 s`,
    'the line: how many are under way',
    concurrency({ limit, ttl: '30s', onUnavailable: 'closed' }),
    6,
  ],
]

const folder = join(repositoryRoot, 'docs', 'images', 'limits')
mkdirSync(folder, { recursive: true })
for (const [name, title, counted, policy, holdSeconds] of pictures) {
  writeFileSync(join(folder, `${name}.svg`), draw(title, counted, await run(policy, holdSeconds)))
}
console.log(`Drew ${pictures.length} policies`)
