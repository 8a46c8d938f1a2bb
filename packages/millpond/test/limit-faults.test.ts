import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rateLimitHeaders } from '../src/http/headers.ts'
import { createLimiter, type Decision, slidingWindow } from '../src/index.ts'
import { OUTAGE_MODES, type OutageMode } from '../src/limit/policy.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash } from '../src/stores/upstash/index.ts'
import { createChaos } from '../src/testing/chaos-store.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'
import { createFaultyWire, type FaultyWire } from './faults/faulty-wire.ts'
import { type LimitFault, redisLimitFaults, restLimitFaults, serverLimitFaults } from './faults/limit-faults.ts'

/** What each mode answers to the takes of a limit of two, as far as nothing else is known. */
const EXPECTED = {
  open: [true, true, true, true],
  closed: [false, false, false, false],
  local: [true, true, false, false],
} as const satisfies Record<OutageMode, readonly boolean[]>

type Server = Awaited<ReturnType<typeof startRedis>>

/** A way to the store, over a wire that can fail. */
interface Connection {
  readonly wire: FaultyWire
  readonly store: Store
  readonly close: () => unknown
}

type Connect = (server: Server) => Promise<Connection>

interface ConnectionKind {
  readonly connect: Connect
  readonly faults: Record<string, LimitFault>
  /** The client itself sends again, once it is connected again, what was on its way. */
  readonly resends: boolean
}

/** Each by its protocol: over Redis' own a fault is a reply, over REST it is one of HTTP. */
const connections: Record<string, ConnectionKind> = {
  ioredis: {
    faults: { ...redisLimitFaults, ...serverLimitFaults },
    resends: true,
    async connect({ port }) {
      const wire = await createFaultyWire(port)
      const client = new Redis(wire.port, '127.0.0.1', { maxRetriesPerRequest: 1, retryStrategy: () => 20 })
      client.on('error', () => {})
      return { wire, store: redis(client), close: () => client.disconnect() }
    },
  },
  'node-redis': {
    faults: { ...redisLimitFaults, ...serverLimitFaults },
    resends: true,
    async connect({ port }) {
      const wire = await createFaultyWire(port)
      const client = createClient({ url: `redis://127.0.0.1:${wire.port}`, socket: { reconnectStrategy: 20 } })
      client.on('error', () => {})
      await client.connect()
      return { wire, store: redis(client), close: () => client.destroy() }
    },
  },
  REST: {
    faults: { ...restLimitFaults, ...serverLimitFaults },
    resends: false,
    async connect({ url }) {
      const rest = await createServer({ redis: url })
      const wire = await createFaultyWire(Number(new URL(rest.url).port))
      const store = upstash({ url: `http://127.0.0.1:${wire.port}`, token: rest.token })
      return { wire, store, close: () => rest.close() }
    },
  },
}

describeWith('redis', 'a limiter whose store', () => {
  // One server for all faults of the wire: it is well. Those that are done to a server have one of their own.
  let well: Server
  beforeAll(async () => {
    well = await startRedis()
  })
  afterAll(() => well?.stop())
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  async function setUp({ connect, fault, mode }: { connect: Connect; fault: LimitFault; mode: OutageMode }) {
    const server = fault.needs === 'own server' ? await startRedis() : well
    if (server !== well) closers.push(() => server.stop())
    const { wire, store, close } = await connect(server)
    closers.push(() => wire.close(), close)
    const { store: counted, calls } = createChaos(store, { script: [] })
    const clock = createFakeClock()
    const limiter = createLimiter({
      store: counted,
      clock,
      namespace: `faults.${crypto.randomUUID()}`,
      policies: { only: slidingWindow({ limit: 2, window: '60s', onUnavailable: mode }) },
    })
    closers.push(() => limiter.close())
    /** Waits for it; where the store is silent, moves the limiter's clock on meanwhile, so that what waits for the deadline gets there. */
    async function settle<Result>(work: Promise<Result>): Promise<Result> {
      let done = false
      const mark = () => {
        done = true
      }
      work.then(mark, mark)
      while (!done) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (!done && fault.isSilent) await clock.advance(20)
      }
      return work
    }
    return { server, wire, calls, clock, limiter, settle }
  }

  function proveDegraded(decision: Decision, { mode, allowed }: { mode: OutageMode; allowed: boolean }) {
    expect(decision).toMatchObject({ status: 'degraded', allowed, mode, policies: ['only'] })
    expect(Object.keys(decision).sort()).toEqual(['allowed', 'cause', 'mode', 'policies', 'retryAfterMs', 'status'])
    // Only what this process counted itself tells when to come back; nobody knows what remains.
    const isCounted = mode === 'local' && !allowed
    expect('retryAfterMs' in decision && decision.retryAfterMs !== undefined).toBe(isCounted)
    expect(Object.keys(rateLimitHeaders(decision))).toEqual(isCounted ? ['Retry-After'] : [])
  }

  const toCode = (decision: Decision) => decision.status === 'degraded' && (decision.cause as { code: string }).code

  describe.each(Object.entries(connections))('over %s', (_, { connect, faults, resends }) => {
    const cases = Object.entries(faults).flatMap(([name, fault]) =>
      OUTAGE_MODES.map((mode) => [name, mode, fault] as const),
    )

    test.each(cases)('%s is answered as onUnavailable "%s" says, without numbers', async (_name, mode, fault) => {
      const { server, wire, calls, clock, limiter, settle } = await setUp({ connect, fault, mode })
      expect(await limiter.limit('only', 'before')).toMatchObject({ status: 'allowed', nearest: { remaining: 1 } })
      const taken = await limiter.limit('only', 'refunded')

      const early: Promise<Decision>[] = []
      const mend = await fault.strike({
        server,
        wire,
        take: () => void early.push(limiter.limit('only', 'early')),
        adopt: ({ stop }) => closers.push(stop),
      })
      for (const decision of await settle(Promise.all(early)))
        proveDegraded(decision, { mode, allowed: mode !== 'closed' })

      const codes = new Set<unknown>()
      for (const allowed of EXPECTED[mode]) {
        const decision = await settle(limiter.limit('only', 'a'))
        proveDegraded(decision, { mode, allowed })
        codes.add(toCode(decision))
      }
      expect(fault.codes).toEqual(expect.arrayContaining([...codes]))
      // The fifth failure opens the breaker, where a failure it is.
      await settle(limiter.limit('only', 'fifth'))

      const asked = calls.length
      const requests = wire.requests()
      for (const allowed of EXPECTED[mode]) {
        const decision = await settle(limiter.limit('only', 'b'))
        proveDegraded(decision, { mode, allowed })
        if (fault.opens) expect(toCode(decision)).toBe('ERR_BREAKER_OPEN')
      }
      proveDegraded(await settle(limiter.peek({ policy: 'only', key: 'c' })), { mode, allowed: mode !== 'closed' })
      expect(await settle(limiter.refund(taken))).toEqual({ delivered: false })
      if (fault.opens) {
        expect(await limiter.reset('only', 'a')).toEqual({ delivered: false })
        expect(calls.length - asked).toBe(0)
        if (!resends) expect(wire.requests() - requests).toBe(0)
      } else expect(calls.length - asked).toBe(EXPECTED[mode].length + 2)

      await mend()
      let recovered = false
      for (let turn = 0; turn < 200 && !recovered; turn += 1) {
        await clock.advance(1_000)
        recovered = (await settle(limiter.limit('only', `after ${turn}`))).status === 'allowed'
      }
      // By a clock that stands: a server that is slow has not failed.
      expect(await limiter.limit('only', 'well')).toMatchObject({
        status: 'allowed',
        limits: [{ remaining: 1 }],
      })
    })
  })
})
