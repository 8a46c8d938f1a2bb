import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { answerStarting } from './answer-errors.ts'
import { type AppDeps, createApp } from './app.ts'
import { DEMO_EMAIL, DEMO_USER, type DevelopmentIssuer, openDevelopmentIssuer } from './auth/development-issuer.ts'
import { createVerifier, remoteKeys, type Verify } from './auth/verifier.ts'
import { createModelAnswerer } from './chat/model-answerer.ts'
import { answerByRules } from './chat/rule-answerer.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { openDatabase } from './db/database.ts'
import { createOutbox } from './health/outbox.ts'
import { startJanitor } from './janitor.ts'
import { keepOnce } from './keep-once.ts'
import { createApiLimiter } from './limits.ts'
import { listen } from './listen.ts'
import { createSealer, SEALING_KEY_BYTES, type SealingKey } from './seal.ts'
import { runSelfTests } from './self-tests.ts'
import { createApiCache, openStores } from './stores.ts'
import { startFakeStrava } from './strava/fake-strava.ts'
import { createStravaClient } from './strava/strava-client.ts'

/** The running API. */
export type Service = {
  url: string
  /** True when the default port was taken and another one was found. */
  moved: boolean
  /** A token for the demo user; null when an identity provider is configured. */
  token: string | null
  /** What the cache runs on. */
  store: string
  /** Says that it is not ready and serves on for the time of the configuration, lets the requests that are running end, then closes the rest in reverse order. */
  close(): Promise<void>
}

type Answer = (request: Request, env: object) => Response | Promise<Response>
type Closer = () => unknown

const KEY_SECRET_BYTES = 32

/**
 * Starts everything that the configuration names: port, database with migrations, stores, self-tests, leftovers of the
 * outbox.
 *
 * @throws StartupError when a part cannot be had; what was opened by then is closed again
 */
export async function startService(config: Config, logger: Logger): Promise<Service> {
  // The port comes first: opening a database takes seconds, and a taken port should be known at once.
  const door: { answer: Answer } = { answer: answerStarting }
  const listening = await listen(config, (request, env) => door.answer(request, env))
  const closers: Closer[] = []
  const began = new AbortController()
  const late = new AbortController()
  const close = async () => {
    await listening.close(() => late.abort())
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const { answer, store, token } = await openParts(config, {
      logger,
      closers,
      stopping: { began: began.signal, late: late.signal },
    })
    door.answer = answer
    const drainAndClose = async () => {
      began.abort()
      listening.drain()
      await delay(config.drainSeconds * 1000)
      await close()
    }
    return { url: listening.url, moved: listening.moved, store, token, close: drainAndClose }
  } catch (error) {
    await close()
    throw error
  }
}

async function openParts(
  config: Config,
  { logger, closers, stopping }: { logger: Logger; closers: Closer[]; stopping: AppDeps['stopping'] },
): Promise<Pick<Service, 'store' | 'token'> & { answer: Answer }> {
  const stores = await openStores(config)
  closers.push(stores.close)
  const database = await openDatabase(config.database)
  closers.push(database.close)

  const keySecret = await readKeySecret(config)
  const cache = createApiCache({ store: stores.cache, keySecret, encryptionKeys: config.cacheEncryption })
  closers.push(() => cache.close())
  const limiter = createApiLimiter({ store: stores.limits, keySecret })
  closers.push(() => limiter.close())
  const outbox = createOutbox({ db: database.db, cache, logger })
  closers.push(() => outbox.stop())
  const { verify, issuer } = await openAuth(config)

  const selfTests = await runSelfTests(async () => {
    const [cacheTest, limiterTest] = await Promise.all([cache.selfTest(), limiter.selfTest()])
    return { cache: cacheTest, limiter: limiterTest }
  }, systemClock)
  const { cache: cacheTest, limiter: limiterTest } = await selfTests()
  if (!(cacheTest.ok && limiterTest.ok)) {
    const checks = [...cacheTest.checks, ...limiterTest.checks].filter(({ ok }) => !ok)
    logger.warn(
      { checks },
      'the store is away, slow, or does not hold what it is given: until a self-test passes count on answers that are computed and limits as each declares for an outage',
    )
  }
  await outbox.drain()
  outbox.watch()
  const janitor = startJanitor({ db: database.db, clock: systemClock, logger })
  closers.push(janitor.close)
  const app = createApp({
    db: database.db,
    cache,
    localSeconds: config.localSeconds,
    limiter,
    outbox,
    verify,
    clock: systemClock,
    logger,
    clientAddress: config.clientAddress,
    strava: await openStrava(config, closers),
    answerer: config.chat.kind === 'model' ? createModelAnswerer(config.chat) : answerByRules,
    corsOrigins: config.corsOrigins,
    metricsAccess: config.metrics,
    stores: { cache: stores.cache.kind, limits: stores.limits.kind },
    selfTests,
    pingDatabase: database.ping,
    pingStore: () => stores.limits.ping(),
    stopping,
    developmentIssuer: issuer,
  })
  const token = issuer ? await issuer.mint(DEMO_USER, { email: DEMO_EMAIL }) : null
  return { answer: app.fetch, store: stores.cache.kind, token }
}

async function openAuth(config: Config): Promise<{ verify: Verify; issuer?: DevelopmentIssuer }> {
  const { auth, dataDir } = config
  if (auth.kind === 'jwks') {
    const { jwksUrl, issuer, audience } = auth
    return { verify: createVerifier({ keys: remoteKeys(jwksUrl, systemClock), issuer, audience, clock: systemClock }) }
  }
  const issuer = await openDevelopmentIssuer(dataDir, systemClock)
  return { verify: createVerifier({ ...issuer, clock: systemClock }), issuer }
}

const STRAVA_URL = 'https://www.strava.com'

async function openStrava(config: Config, closers: Closer[]): Promise<AppDeps['strava']> {
  const { strava } = config
  if (strava.kind === 'off') return undefined
  const sealer = createSealer(await readSealingKeys(config))
  if (strava.kind === 'strava') {
    const client = createStravaClient({ ...strava, baseUrl: STRAVA_URL }, systemClock)
    return { client, sealer, webhookToken: strava.webhookToken }
  }
  const fake = await startFakeStrava(systemClock)
  closers.push(fake.close)
  return { client: createStravaClient(fake, systemClock), sealer, webhookToken: 'development' }
}

async function readSealingKeys({ sealingKeys, dataDir }: Config): Promise<readonly [SealingKey, ...SealingKey[]]> {
  if (sealingKeys.kind === 'given') return sealingKeys.keys
  const path = join(dataDir, 'token-encryption-key')
  const kept = await keepOnce(path, async () => randomBytes(SEALING_KEY_BYTES).toString('base64'))
  return [{ id: 'kept', key: Buffer.from(kept, 'base64') }]
}

async function readKeySecret({ cacheKeySecret, dataDir }: Config): Promise<string> {
  if (cacheKeySecret.kind === 'given') return cacheKeySecret.value
  const path = join(dataDir, 'cache-key-secret')
  return keepOnce(path, async () => randomBytes(KEY_SECRET_BYTES).toString('hex'))
}
