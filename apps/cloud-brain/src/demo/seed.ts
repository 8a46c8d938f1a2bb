import { parseArgs } from 'node:util'
import { ApiError, type ApiTarget, askApi } from '../client/ask-api.ts'
import { countItems, toBatches } from '../client/batches.ts'
import { postBatch } from '../client/post-batch.ts'
import { toLocalDay } from '../local-day.ts'
import { PersonaList } from '../routes/development.ts'
import { generateDemoDays } from './generate.ts'
import { PERSONAS, type Persona } from './personas.ts'

/**
 * Sends demo data to a running API, as a phone would: `node dist/demo/seed.js --url URL --token T [--persona runner]`, or
 * `--persona all` to send each made-up person their own, with the tokens that the development issuer gives out.
 */

const MAX_ITEMS = 200

try {
  await run()
} catch (error) {
  console.error(`Cannot seed: ${error instanceof Error ? error.message : 'unknown reason'}`)
  process.exitCode = 1
}

async function run(): Promise<void> {
  const { url, token, persona: name, ...values } = readOptions()
  if (!url || !token) throw new ApiError('both --url and --token must be given')
  const settings = { seed: Number(values.seed), today: values.today, days: Number(values.days) }
  const persona = PERSONAS.find((one) => one.name === name)
  if (!persona && name !== 'all') {
    throw new ApiError(`--persona must be all or one of: ${PERSONAS.map((one) => one.name).join(', ')}`)
  }
  const people = persona ? [{ persona, token }] : await findPeople({ url, token })
  for (const one of people) await seed({ url, token: one.token }, one.persona, settings)
}

/** Who there is: everybody, where the API has a development issuer. */
async function findPeople(target: ApiTarget): Promise<{ persona: Persona; token: string }[]> {
  const response = await askApi(target, '/dev/personas')
  if (response.status === 404) return [{ persona: PERSONAS[0], token: target.token }]
  if (!response.ok) throw new ApiError(`the API answered ${response.status}`)
  const { personas } = PersonaList.parse(await response.json())
  return PERSONAS.flatMap((persona) =>
    personas.flatMap(({ name, token }) => (name === persona.name ? { persona, token } : [])),
  )
}

async function seed(
  target: ApiTarget,
  persona: Persona,
  settings: { seed: number; today: string; days: number },
): Promise<void> {
  // Wishes first: a timezone that changes later would move every workout.
  if (persona.preferences) await send(target, 'PATCH', '/api/v1/users/me/preferences', persona.preferences)
  for (const goal of persona.goals) await send(target, 'POST', '/api/v1/analytics/goals', goal)
  const days = generateDemoDays({ ...settings, persona })
  const batches = toBatches(
    days.flatMap((day) => day.batches),
    MAX_ITEMS,
  )
  const total = batches.reduce((sum, batch) => sum + countItems(batch), 0)
  let stored = 0
  for (const batch of batches) {
    const result = await postBatch(target, batch, {
      onWait: (seconds) => console.log(`Seeding demo data: asked to wait ${seconds} s`),
    })
    const [rejection] = result.rejected
    if (rejection) throw new ApiError(`the API rejected ${rejection.kind}[${rejection.index}]: ${rejection.detail}`)
    stored += countItems(batch)
    console.log(`Seeding demo data: ${stored} of ${total} items of the ${persona.name} (${batch.source})`)
  }
  console.log(`Seeded ${days.length} days of the ${persona.name} with ${stored} items`)
}

async function send(target: ApiTarget, method: string, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await askApi(target, path, { method, headers, body: JSON.stringify(body) })
  if (!response.ok) throw new ApiError(`the API answered ${response.status}: ${(await response.text()).slice(0, 300)}`)
}

function readOptions() {
  return parseArgs({
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      persona: { type: 'string', default: PERSONAS[0].name },
      seed: { type: 'string', default: '1' },
      days: { type: 'string', default: '90' },
      today: { type: 'string', default: toLocalDay(new Date(), 'UTC') },
    },
  }).values
}
