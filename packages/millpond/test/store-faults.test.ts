import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import { redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { upstash } from '../src/stores/upstash/index.ts'
import { createChaos } from '../src/testing/chaos-store.ts'
import { createFakeClock, type FakeClock } from '../src/testing/fake-clock.ts'
import { createFaultyWire, type FaultyWire, type WireFault } from './faults/faulty-wire.ts'
import { findKeysWithoutTtl } from './keys-without-ttl.ts'

const DEADLINE_MS = 150
let worlds = 0

/** A fault, and whether the breaker opens at it: not where a server answers at once with something that is an answer. */
interface Fault {
  readonly wire: WireFault
  readonly opens: boolean
}

const anyServer: Record<string, Fault> = {
  'refuses connections': { wire: { kind: 'refuse' }, opens: true },
  hangs: { wire: { kind: 'hang' }, opens: true },
  'resets connections': { wire: { kind: 'reset' }, opens: true },
  'sends half a reply': { wire: { kind: 'truncate' }, opens: true },
}

const countCommands = (bytes: string) => bytes.match(/\*\d+\r\n\$/g)?.length ?? 0
const redisReply = (reply: string): WireFault => ({ kind: 'answer', reply: `-${reply}\r\n`, count: countCommands })
const redisFaults: Record<string, Fault> = {
  ...anyServer,
  'is loading its data': { wire: redisReply('LOADING Redis is loading the dataset in memory'), opens: true },
  'is out of memory': { wire: redisReply("OOM command not allowed when used memory > 'maxmemory'."), opens: true },
  'is a read-only replica': { wire: redisReply("READONLY You can't write against a read only replica."), opens: true },
  'asks for a password': { wire: redisReply('NOAUTH Authentication required.'), opens: false },
}

const countPosts = (bytes: string) => bytes.match(/^POST /gm)?.length ?? 0
function httpReply(status: string, body: string): WireFault {
  const headers = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
  return { kind: 'answer', reply: `HTTP/1.1 ${status}\r\n${headers}\r\n${body}`, count: countPosts }
}
const restFaults: Record<string, Fault> = {
  ...anyServer,
  'answers 200 with a page of somebody else': { wire: httpReply('200 OK', '<html>Please log in</html>'), opens: false },
  'answers 200 with JSON that is no reply': { wire: httpReply('200 OK', '{"result":"OK"}'), opens: false },
  'answers 200 with too few replies': { wire: httpReply('200 OK', '[]'), opens: false },
  'answers 200 with replies of another kind': { wire: httpReply('200 OK', '[{"result":7}]'), opens: false },
  'answers 401': { wire: httpReply('401 Unauthorized', '{"error":"Unauthorized"}'), opens: true },
  'answers 429': { wire: httpReply('429 Too Many Requests', '{"error":"Too Many Requests"}'), opens: true },
  'answers 500': { wire: httpReply('500 Internal Server Error', ''), opens: true },
  'is loading its data': { wire: httpReply('200 OK', '[{"error":"LOADING Redis is loading"}]'), opens: true },
}

/** How far the clock is moved on at a time. */
const STEP_MS = 10

/** Waits for it, and where nothing may come moves the cache's clock on meanwhile: what waits for the deadline gets there. */
async function settle<Result>(clock: FakeClock, fault: WireFault, work: Promise<Result>): Promise<Result> {
  if (fault.kind === 'answer') return work
  let done = false
  const mark = () => {
    done = true
  }
  work.then(mark, mark)
  while (!done) {
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    if (!done) await clock.advance(STEP_MS)
  }
  return work
}

interface Connection {
  readonly store: Store
  readonly close: () => unknown
}

function proveFaults(faults: Record<string, Fault>, connect: () => Promise<{ wire: FaultyWire } & Connection>): void {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  async function setUp() {
    const { wire, store, close } = await connect()
    const clock = createFakeClock()
    const { store: counted, calls } = createChaos(store, { script: [] })
    // Of its own: the leases that a fault strands are not waited for by the next test.
    worlds += 1
    const namespace = `faults-${worlds}`
    const cache = createCache({ store: counted, namespace, clock, deadline: DEADLINE_MS, random: () => 0.5 })
    closers.push(
      () => wire.close(),
      close,
      () => cache.close(),
    )
    let during = () => Promise.resolve()
    const value = cache.define({
      name: 'value',
      ttl: '5m',
      input: z.int(),
      async load(id) {
        await during()
        return id
      },
    })
    expect((await value.get(0)).value).toBe(0)
    expect((await value.get(0)).status).toBe('hit')
    const onLoad = (run: () => Promise<void>) => {
      during = run
    }
    /** The wire is mended: the breaker lets a probe through, and what is read is stored again. */
    const recovers = async () => {
      await wire.mend()
      await clock.advance(1_000)
      for (let turn = 0; turn < 3; turn += 1) if ((await value.get(0)).status === 'hit') return
      expect((await value.get(0)).status).toBe('hit')
    }
    return { wire, clock, calls, value, onLoad, recovers }
  }

  test.each(Object.keys(faults))('%s: reads are answered within the deadline, and it recovers', async (name) => {
    const { wire: fault, opens } = faults[name] ?? { wire: { kind: 'reset' }, opens: true }
    const { wire, clock, calls, value, recovers } = await setUp()
    await wire.fail(fault)
    const waits: number[] = []
    for (let id = 1; id <= 20; id += 1) {
      const begun = clock.now()
      expect((await settle(clock, fault, value.get(id))).value).toBe(id)
      waits.push(clock.now() - begun)
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(DEADLINE_MS)
    if (opens) {
      const before = calls.length
      for (let id = 21; id <= 60; id += 1) expect(await value.get(id)).toMatchObject({ value: id, status: 'bypass' })
      expect(calls.length - before).toBe(0)
    }
    await recovers()
  })

  test.each(Object.keys(faults))('%s while a value is loaded: it is answered all the same', async (name) => {
    const { wire: fault } = faults[name] ?? { wire: { kind: 'reset' } }
    const { wire, clock, value, onLoad, recovers } = await setUp()
    const begun = new Promise<number>((resolve) => {
      onLoad(async () => {
        await wire.fail(fault)
        resolve(clock.now())
      })
    })
    const answer = value.get(7)
    // What comes before the fault takes real time, in which the clock stands still.
    const since = await begun
    expect((await settle(clock, fault, answer)).value).toBe(7)
    // What is stored after the load may begin a step later.
    expect(clock.now() - since).toBeLessThanOrEqual(DEADLINE_MS + STEP_MS)
    onLoad(() => Promise.resolve())
    await recovers()
  })
}

describeWith('redis', 'a store that', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let rest: Awaited<ReturnType<typeof createServer>>
  beforeAll(async () => {
    server = await startRedis()
    rest = await createServer({ redis: server.url })
  })
  afterAll(async () => {
    const client = new Redis(server.url)
    expect(await findKeysWithoutTtl(client)).toEqual([])
    client.disconnect()
    await rest?.close()
    await server?.stop()
  })

  describe('over ioredis', () => {
    proveFaults(redisFaults, async () => {
      const wire = await createFaultyWire(server.port)
      const client = new Redis(wire.port, '127.0.0.1', { maxRetriesPerRequest: 1, retryStrategy: () => 20 })
      client.on('error', () => {})
      return { wire, store: redis(client), close: () => client.disconnect() }
    })
  })

  describe('over node-redis', () => {
    proveFaults(redisFaults, async () => {
      const wire = await createFaultyWire(server.port)
      const client = createClient({ url: `redis://127.0.0.1:${wire.port}`, socket: { reconnectStrategy: 20 } })
      client.on('error', () => {})
      await client.connect()
      return { wire, store: redis(client), close: () => client.destroy() }
    })
  })

  describe('over REST', () => {
    proveFaults(restFaults, async () => {
      const wire = await createFaultyWire(Number(new URL(rest.url).port))
      const store = upstash({ url: `http://127.0.0.1:${wire.port}`, token: rest.token })
      return { wire, store, close: () => store.close() }
    })
  })
})
