import { randomInt } from 'node:crypto'
import { z } from 'zod'

const deadlineMs = 3_000

const trends = z.object({
  dates: z.array(z.string()),
  steps: z.array(z.number().nullable()),
  calories_in: z.array(z.number().nullable()),
  calories_out: z.array(z.number().nullable()),
  sleep_hours: z.array(z.number().nullable()),
})
export type Trends = z.output<typeof trends>

const summary = z.object({
  date: z.string(),
  steps: z.number().nullable(),
  calories_burned: z.number().nullable(),
  workouts_count: z.number(),
  sleep_hours: z.number().nullable(),
  weight_kg: z.number().nullable(),
})
export type Summary = z.output<typeof summary>

/** One answer of the API, with what it says about its cache and about the remaining quota. */
export interface Tile<Value> {
  readonly value: Value
  /** `hit`, or why it was none, in the words of Cache-Status. */
  readonly cache: string
  readonly remaining: string | undefined
  readonly limit: string | undefined
}

export type Demo =
  | { readonly status: 'ready'; readonly summary: Tile<Summary>; readonly trends: Tile<Trends> }
  /** The API refuses for now. */
  | { readonly status: 'limited'; readonly seconds: number }
  /** There is no API, or it does not answer. */
  | { readonly status: 'offline' }

class LimitedError extends Error {
  readonly code = 'ERR_DEMO_LIMITED'
  readonly seconds: number
  constructor(seconds: number) {
    super('Cannot read the demonstration: the API refuses for now')
    this.seconds = seconds
  }
}

/** `millpond; hit; ttl=290` as `hit, 290 s left`. */
function toVerdict(header: string | null): string {
  const parts = (header ?? '').split(';').map((part) => part.trim())
  const ttl = parts.find((part) => part.startsWith('ttl='))?.slice(4)
  if (parts.includes('hit')) return ttl === undefined ? 'hit' : `hit, ${ttl} s left`
  const forwarded = parts.find((part) => part.startsWith('fwd='))?.slice(4)
  return forwarded === undefined ? 'unknown' : `${forwarded}, stored now`.replace('bypass, stored now', 'bypass')
}

async function call(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, cache: 'no-store', signal: AbortSignal.timeout(deadlineMs) })
  if (response.status === 429) throw new LimitedError(Number(response.headers.get('retry-after') ?? 60))
  if (!response.ok) throw new TypeError(`Cannot read the demonstration: HTTP ${response.status}`)
  return response
}

async function readTile<Value>(url: string, token: string, schema: z.ZodType<Value>): Promise<Tile<Value>> {
  const response = await call(url, { headers: { Authorization: `Bearer ${token}` } })
  return {
    value: schema.parse(await response.json()),
    cache: toVerdict(response.headers.get('cache-status')),
    remaining: response.headers.get('x-ratelimit-remaining') ?? undefined,
    limit: response.headers.get('x-ratelimit-limit') ?? undefined,
  }
}

/** A token of the demo user, from the API's development issuer. */
async function readToken(api: string): Promise<string> {
  const response = await call(`${api}/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sub: demoUser }),
  })
  return z.object({ token: z.string() }).parse(await response.json()).token
}

/** The user whose invented data the API has in development. */
const demoUser = '5eed0000-0000-4000-8000-000000000001'

/** Both readings of the demo user. Never rejects. */
export async function readDemo(api: string | undefined): Promise<Demo> {
  if (api === undefined) return { status: 'offline' }
  try {
    const token = await readToken(api)
    const base = `${api}/api/v1/analytics`
    const [day, week] = await Promise.all([
      readTile(`${base}/daily-summary`, token, summary),
      readTile(`${base}/weekly-trends`, token, trends),
    ])
    return { status: 'ready', summary: day, trends: week }
  } catch (error) {
    return error instanceof LimitedError ? { status: 'limited', seconds: error.seconds } : { status: 'offline' }
  }
}

/** The most steps that the API takes of a day. */
const mostSteps = 500_000

/**
 * Sends more steps of today than the API shows, so that the next reading is a miss with the new number: of several sources of a day it shows the largest. Returns how many,
 * undefined when the API did not take them.
 */
export async function ingestDemo(api: string | undefined): Promise<number | undefined> {
  if (api === undefined) return undefined
  try {
    const token = await readToken(api)
    const { value } = await readTile(`${api}/api/v1/analytics/daily-summary`, token, summary)
    const steps = Math.min(mostSteps, (value.steps ?? 0) + randomInt(200, 900))
    await call(`${api}/api/v1/health/ingest`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ source: 'demo-page', daily_metrics: [{ date: value.date, steps }] }),
    })
    return steps
  } catch {
    return undefined
  }
}
