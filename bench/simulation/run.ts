/** A fleet of 64 instances through a day, a rush and an outage, on a virtual clock. See README.md. */
import { type Measure, quantile, type Row, readOptions, type Table, writeResults } from '../harness/index.ts'
import { limitPerMinute, live, type Outcome, type Scenario, wayNames } from './world.ts'

const options = readOptions()
const hour = 3_600_000
const fleet = { instances: 64, items: 500, clients: 500, writes: 0.01 }

const scenarios: readonly { id: string; title: string; note: string; scenario: Scenario }[] = [
  {
    id: 'day',
    title: 'A day of 64 instances',
    note: '24 hours with quiet nights. Items and clients by Zipf: a tenth of all goes to the first. One request in a hundred writes.',
    scenario: { ...fleet, perSecond: options.quick ? 1 : 4, durationMs: 24 * hour, nights: true },
  },
  {
    id: 'rush',
    title: 'A rush, and a store that loses everything half way',
    note: 'Cold at the start; after half of the time the store is flushed, and the origin meets what the cache does not hold. What a limit has counted is lost too: at most the limit once more.',
    scenario: {
      ...fleet,
      perSecond: options.quick ? 2_000 : 4_000,
      durationMs: options.quick ? 10_000 : 40_000,
      flushAt: options.quick ? 5_000 : 20_000,
      nights: false,
    },
  },
  {
    id: 'outage',
    title: 'A store that does not answer for a minute',
    note: 'The middle minute of three. Reads are answered by the origin meanwhile; what a write could not make visible is not acknowledged.',
    scenario: {
      ...fleet,
      perSecond: options.quick ? 100 : 400,
      durationMs: 180_000,
      away: [60_000, 120_000],
      nights: false,
    },
  },
]

const measures: readonly Measure[] = [
  { key: 'requests', title: 'requests', unit: '', better: 'neither' },
  { key: 'loadsPerThousand', title: 'loads of the origin per 1,000 reads', unit: '', better: 'lower', plot: true },
  { key: 'mostLoads', title: 'most loads in 100 ms', unit: '', better: 'lower' },
  { key: 'stale', title: 'stale reads after an acknowledged write', unit: '', better: 'lower' },
  { key: 'worstStaleS', title: 'stale for at most', unit: 's', better: 'lower' },
  { key: 'p99Ms', title: 'read p99', unit: 'ms', better: 'lower' },
  { key: 'worstMs', title: 'worst read', unit: 'ms', better: 'lower' },
  { key: 'cacheCalls', title: 'round trips per read', unit: '', better: 'lower' },
  { key: 'limitCalls', title: 'round trips per limit', unit: '', better: 'lower' },
  { key: 'mostAdmitted', title: `most admitted in 60 s of ${limitPerMinute}`, unit: '', better: 'lower' },
]

function mostIn(moments: readonly number[], spanMs: number): number {
  let [first, most] = [0, 0]
  for (const [index, moment] of moments.entries()) {
    while (moment - (moments[first] ?? moment) >= spanMs) first += 1
    most = Math.max(most, index - first + 1)
  }
  return most
}

const rounded = (value: number): number => Number(value.toPrecision(4))

function toRow(contender: string, outcome: Outcome): Row {
  const reads = outcome.readMs.length
  const sorted = Float64Array.from(outcome.readMs).sort()
  return {
    contender,
    group: '',
    values: {
      requests: outcome.requests,
      loadsPerThousand: rounded((outcome.loads.length / reads) * 1_000),
      mostLoads: mostIn(outcome.loads, 100),
      stale: outcome.staleMs.length,
      worstStaleS:
        outcome.staleMs.length === 0 ? null : rounded(outcome.staleMs.reduce((a, b) => Math.max(a, b)) / 1_000),
      p99Ms: rounded(quantile(sorted, 0.99)),
      worstMs: rounded(quantile(sorted, 1)),
      cacheCalls: rounded(outcome.cacheCalls / reads),
      limitCalls: rounded(outcome.limitCalls / outcome.requests),
      mostAdmitted: outcome.mostAdmitted,
    },
  }
}

const tables: Table[] = []
for (const { id, title, note, scenario } of scenarios) {
  if (options.only !== undefined && !id.includes(options.only)) continue
  const rows: Row[] = []
  for (const name of wayNames) {
    const startedAt = performance.now()
    const outcome = await live(name, scenario)
    console.log(
      `${id}, ${name}: ${outcome.requests} requests in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`,
    )
    rows.push(toRow(name, outcome))
  }
  tables.push({ id, title, note, measures, rows })
}

await writeResults('simulation', {
  title: 'A fleet, simulated',
  options,
  tables,
  notes: [
    'The code of the library as it is published, on a virtual clock: 64 instances with their own cache and limiter, one store 0.8 ms away (median, long tail), loads of 50 ms. Seeded: the same run gives the same figures.',
    '`by hand` is get, load, set with a TTL of 5 min, and delete after a write, each call given up after 150 ms.',
  ],
})
