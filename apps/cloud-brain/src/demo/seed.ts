import { parseArgs } from 'node:util'
import { ApiError } from '../client/ask-api.ts'
import { countItems, toBatches } from '../client/batches.ts'
import { postBatch } from '../client/post-batch.ts'
import { toLocalDay } from '../local-day.ts'
import { generateDemoDays } from './generate.ts'

/** Sends demo data to a running API, as a phone would: `node dist/demo/seed.js --url URL --token T`. */

const MAX_ITEMS = 200

try {
  await seed()
} catch (error) {
  console.error(`Cannot seed: ${error instanceof Error ? error.message : 'unknown reason'}`)
  process.exitCode = 1
}

async function seed(): Promise<void> {
  const values = readOptions()
  const { url, token, today } = values
  if (!url || !token) throw new ApiError('both --url and --token must be given')
  const days = generateDemoDays({ seed: Number(values.seed), today, days: Number(values.days) })
  const batches = toBatches(
    days.flatMap((day) => day.batches),
    MAX_ITEMS,
  )
  const total = batches.reduce((sum, batch) => sum + countItems(batch), 0)
  let stored = 0
  for (const batch of batches) {
    const result = await postBatch({ url, token }, batch, {
      onWait: (seconds) => console.log(`Seeding demo data: asked to wait ${seconds} s`),
    })
    const [rejection] = result.rejected
    if (rejection) throw new ApiError(`the API rejected ${rejection.kind}[${rejection.index}]: ${rejection.detail}`)
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
