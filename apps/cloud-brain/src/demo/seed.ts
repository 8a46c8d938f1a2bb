import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { IngestResult } from '../health/ingest-batch.ts'
import { toLocalDay } from '../local-day.ts'
import { countItems, toBatches } from './batches.ts'
import { generateDemoDays } from './generate.ts'

/** Sends demo data to a running API, as a phone would: `node dist/demo/seed.js --url URL --token T`. */

const MAX_ITEMS = 200
const MAX_ATTEMPTS = 5
const TIMEOUT_MS = 30_000

class SeedError extends Error {
  readonly code = 'SEED_FAILED'
  override readonly name = 'SeedError'
}

try {
  await seed()
} catch (error) {
  console.error(`Cannot seed: ${error instanceof Error ? error.message : 'unknown reason'}`)
  process.exitCode = 1
}

async function seed(): Promise<void> {
  const values = readOptions()
  const { url, token, today } = values
  if (!url || !token) throw new SeedError('both --url and --token must be given')
  const days = generateDemoDays({ seed: Number(values.seed), today, days: Number(values.days) })
  const batches = toBatches(days, MAX_ITEMS)
  const total = batches.reduce((sum, batch) => sum + countItems(batch), 0)
  let stored = 0
  for (const batch of batches) {
    const result = await send(new URL('/api/v1/health/ingest', url), token, JSON.stringify(batch))
    const [rejection] = result.rejected
    if (rejection) throw new SeedError(`the API rejected ${rejection.kind}[${rejection.index}]: ${rejection.detail}`)
    stored += countItems(batch)
    console.log(`Seeding demo data: ${stored} of ${total} items (${batch.source})`)
  }
  console.log(`Seeded ${days.length} days with ${stored} items`)
}

function readOptions() {
  return parseArgs({
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      seed: { type: 'string', default: '1' },
      days: { type: 'string', default: '90' },
      today: { type: 'string', default: toLocalDay(new Date(), 'UTC') },
    },
  }).values
}

async function send(url: URL, token: string, body: string, attempt = 1): Promise<IngestResult> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new SeedError(`${url.origin} does not answer`, { cause })
  })
  const text = await response.text()
  if (response.ok) return IngestResult.parse(JSON.parse(text))
  const retryAfter = Number(response.headers.get('retry-after'))
  if ((response.status === 429 || response.status === 503) && attempt < MAX_ATTEMPTS && retryAfter > 0) {
    console.log(`Seeding demo data: asked to wait ${retryAfter} s`)
    await delay(retryAfter * 1000)
    return send(url, token, body, attempt + 1)
  }
  throw new SeedError(`the API answered ${response.status}: ${text.slice(0, 300)}`)
}
