import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { type Duration, fixedWindow, type Store } from 'millpond'
import { pino } from 'pino'
import { DailySummary } from '../src/analytics/daily-summary.ts'
import { createApp } from '../src/app.ts'
import { type DevelopmentIssuer, openDevelopmentIssuer } from '../src/auth/development-issuer.ts'
import { UserId } from '../src/auth/user-id.ts'
import { createVerifier, type Verify } from '../src/auth/verifier.ts'
import type { Answerer } from '../src/chat/answerer.ts'
import { answerByRules } from '../src/chat/rule-answerer.ts'
import type { Config } from '../src/config.ts'
import type { OpenDatabase } from '../src/db/database.ts'
import { Problem } from '../src/document-route.ts'
import { IngestResult } from '../src/health/ingest-batch.ts'
import { createOutbox } from '../src/health/outbox.ts'
import { createApiLimiter, POLICIES } from '../src/limits.ts'
import { createSealer } from '../src/seal.ts'
import { createApiCache, type NamedCacheStore } from '../src/stores.ts'
import type { FakeStrava } from '../src/strava/fake-strava.ts'
import { createStravaClient } from '../src/strava/strava-client.ts'
import { readContract } from './contract.ts'

/** When the tests take place: noon in UTC, and already tomorrow in Kiritimati. */
export const NOW = new Date('2026-03-29T12:00:00Z')
export const TODAY = '2026-03-29'

const unreached = () => fixedWindow({ limit: 1_000_000, window: '1d', onUnavailable: 'local' })

/** Limits of requests that no test reaches by accident; the chat's are the real ones. */
export const GENEROUS: typeof POLICIES = {
  ...POLICIES,
  user: unreached(),
  address: unreached(),
  'unknown-address': unreached(),
}

const ADDRESS = { incoming: { socket: { remoteAddress: '127.0.0.1' } } }

/** An issuer whose keys are made once per test file. */
export type TestIssuer = { issuer: DevelopmentIssuer; privateJwk: Record<string, unknown>; close(): Promise<void> }

export async function openTestIssuer(): Promise<TestIssuer> {
  const folder = await mkdtemp(join(tmpdir(), 'cloud-brain-test-'))
  const issuer = await openDevelopmentIssuer(folder, { now: () => NOW.getTime() })
  const privateJwk = JSON.parse(await readFile(join(folder, 'development-issuer.json'), 'utf8'))
  return { issuer, privateJwk, close: () => rm(folder, { recursive: true }) }
}

/**
 * One application on a shared database and store. Its key secret is its own, so nothing is cached yet. Whatever a test asks of it
 * is held against its OpenAPI document: an answer that this does not declare rejects with a ContractError.
 */
export function createHarness(parts: {
  database: OpenDatabase
  store: Store
  cacheStore?: NamedCacheStore
  testIssuer: TestIssuer
  policies?: typeof POLICIES
  verify?: Verify
  strava?: FakeStrava | undefined
  answerer?: Answerer
  localSeconds?: number
  metricsAccess?: Config['metrics']
  stopping?: { began: AbortSignal; late: AbortSignal }
  /** How long the cache waits for its store. Long where a test counts hits: a busy machine is not an outage. */
  deadline?: Duration
}) {
  const { database, store, cacheStore = store, testIssuer, policies } = parts
  const { issuer } = testIssuer
  const clock = { time: NOW.getTime(), now: () => clock.time }
  const keySecret = randomUUID()
  const log: string[] = []
  const logger = pino({ level: 'debug', base: null }, { write: (line: string) => void log.push(line) })
  const cache = createApiCache({ store: cacheStore, keySecret, deadline: parts.deadline })
  const outbox = createOutbox({ db: database.db, cache, logger })
  const app = createApp({
    db: database.db,
    cache,
    localSeconds: parts.localSeconds ?? 0,
    limiter: createApiLimiter({ store, keySecret, deadline: parts.deadline, ...(policies && { policies }) }),
    outbox,
    verify: parts.verify ?? createVerifier({ ...issuer, clock }),
    clock,
    logger,
    clientAddress: 'socket',
    strava: parts.strava && {
      client: createStravaClient(parts.strava, clock),
      sealer: createSealer([{ id: 'test', key: Buffer.alloc(32, 7) }]),
      webhookToken: 'verify-me',
    },
    answerer: parts.answerer ?? answerByRules,
    corsOrigins: ['https://app.pond.example'],
    metricsAccess: parts.metricsAccess ?? { kind: 'open' },
    stores: { cache: cacheStore.kind, limits: store.kind },
    selfTests: async () => ({ cache: { ok: true, checks: [] }, limiter: { ok: true, checks: [] } }),
    pingDatabase: database.ping,
    pingStore: () => store.ping(),
    stopping: parts.stopping ?? { began: new AbortController().signal, late: new AbortController().signal },
    developmentIssuer: issuer,
  })
  const contract = readContract(app)
  const request = async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init, ADDRESS)
    await contract.check(init?.method ?? 'GET', path, response)
    return response
  }
  return { app, contract, cache, outbox, clock, log, keySecret, request, ...createUsers({ issuer, request }) }
}

export type Harness = ReturnType<typeof createHarness>

type Send = (path: string, init?: RequestInit) => Promise<Response>

/** A user as a client of one application. */
function toClient({ request, userId, token }: { request: Send; userId: UserId; token: string }) {
  const authorization = `Bearer ${token}`
  const get = (path: string, headers: Record<string, string> = {}) =>
    request(`/api/v1${path}`, { headers: { authorization, ...headers } })
  const send =
    (method: string) =>
    (path: string, body: unknown, headers: Record<string, string> = {}) =>
      request(`/api/v1${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
  const post = send('POST')
  return {
    userId,
    token,
    get,
    post,
    patch: send('PATCH'),
    remove: (path: string) => request(`/api/v1${path}`, { method: 'DELETE', headers: { authorization } }),
    ingest: (batch: object, headers?: Record<string, string>) => post('/health/ingest', batch, headers),
  }
}

function createUsers({ issuer, request }: { issuer: DevelopmentIssuer; request: Send }) {
  return {
    /** Somebody new with a token. */
    createUser: async () => {
      const userId = UserId.parse(randomUUID())
      const email = `${userId.slice(0, 8)}@pond.example`
      return { ...toClient({ request, userId, token: await issuer.mint(userId, { email }) }), email }
    },
    /** Somebody of another application on the same database, here. */
    withToken: ({ userId, token }: { userId: UserId; token: string }) => toClient({ request, userId, token }),
  }
}

/** Gives a user the tier that is paid for, as billing would. */
export async function makePremium({ db }: OpenDatabase, { userId }: { userId: UserId }): Promise<void> {
  await db.execute(sql`insert into user_preferences (user_id, subscription_tier) values (${userId}, 'premium')`)
}

/** Forgets all rows. */
export async function emptyTables({ db }: OpenDatabase): Promise<void> {
  await db.execute(
    sql`truncate strava_states, strava_connections, user_preferences, user_profiles, idempotency_keys, goals, workouts, sleep, nutrition, weight, daily_metrics, invalidation_outbox`,
  )
}

/** The first two words of `Cache-Status`: `hit`, `fwd=miss`, `fwd=bypass`. */
export function cacheStatus(response: Response): string | undefined {
  return response.headers.get('cache-status')?.split(';')[1]?.trim()
}

/** The day that an answer holds, checked against the documented schema. */
export async function dayOf(response: Response | Promise<Response>): Promise<DailySummary> {
  return DailySummary.parse(await (await response).json())
}

/** The ingest result that an answer holds, checked against the documented schema. */
export async function resultOf(response: Response | Promise<Response>): Promise<IngestResult> {
  return IngestResult.parse(await (await response).json())
}

/** The fields that a problem document names. */
export async function faultyFields(response: Response): Promise<string[]> {
  return Problem.parse(await response.json()).errors?.map(({ field }) => field) ?? []
}
