import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../cache/cache.ts'
import { StoreUnavailableError } from '../errors.ts'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
import { createChaos } from '../testing/chaos-store.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createTelemetry } from './opentelemetry.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A telemetry on the real SDK, and everything that it would have exported. */
function setUp() {
  const spans = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  })
  closers.push(
    () => tracers.shutdown(),
    () => meters.shutdown(),
  )
  const telemetry = createTelemetry({ meter: meters.getMeter('test'), tracer: tracers.getTracer('test') })
  /** Each data point as `name{attributes} value`; of a histogram its count and sum. */
  async function measured(): Promise<Record<string, unknown>> {
    await meters.forceFlush()
    const points: Record<string, unknown> = {}
    for (const { metrics } of exporter.getMetrics().at(-1)?.scopeMetrics ?? []) {
      for (const { descriptor, dataPoints } of metrics) {
        for (const { attributes, value } of dataPoints) {
          const labels = Object.entries(attributes).map(([name, label]) => `${name.replace('millpond.', '')}=${label}`)
          const text = typeof value === 'number' ? value : { count: value.count, sum: value.sum }
          points[`${descriptor.name.replace('millpond.', '')} ${labels.join(' ')}`.trim()] = text
        }
      }
    }
    return points
  }
  /** The unit of each metric. */
  async function units(): Promise<Record<string, string>> {
    await meters.forceFlush()
    const all =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
    return Object.fromEntries(all.map(({ descriptor: { name, unit } }) => [name, unit]))
  }
  return { telemetry, spans, measured, units }
}

test('createTelemetry() counts what a cache does, and traces its loads', async () => {
  const { telemetry, spans, measured } = setUp()
  const clock = createFakeClock()
  let bytes = 0
  const cache = createCache({
    store: memory({ clock }),
    namespace: 'test',
    clock,
    random: () => 0.5,
    reporter(event) {
      telemetry.cache(event)
      if (event.type === 'fill' && event.stored) bytes += event.bytes
    },
  })
  const user = cache.define({
    name: 'user',
    ttl: '5m',
    input: z.string(),
    tags: (id) => [`user:${id}`],
    async load(id) {
      await clock.advance(250)
      if (id === 'nobody') throw new RangeError('no such user')
      return { id, secret: 'hunter2' }
    },
  })
  await user.get('alice@example.org')
  await user.get('alice@example.org')
  await cache.invalidate(['user:alice@example.org'])
  await user.get('alice@example.org')
  await expect(user.get('nobody')).rejects.toThrow('no such user')
  const points = await measured()
  expect(points).toMatchObject({
    'cache.reads definition=user status=miss reason=absent joined=false': 1,
    'cache.reads definition=user status=hit reason=fresh joined=false': 1,
    'cache.reads definition=user status=miss reason=tag-changed joined=false': 1,
    'cache.fills definition=user stored=true': 2,
    'cache.fill.size definition=user': { count: 2, sum: bytes },
    'cache.invalidations delivered=true': 1,
    'cache.load.duration definition=user ok=true': { count: 2, sum: 0.5 },
    'cache.load.duration definition=user ok=false': { count: 1, sum: 0.25 },
  })
  const traced = spans
    .getFinishedSpans()
    .map(({ name, status, attributes, duration }) => ({ name, status, attributes, duration }))
  const loaded = { name: 'load user', attributes: { 'millpond.definition': 'user' }, duration: [0, 250_000_000] }
  expect(traced).toEqual([
    { ...loaded, status: { code: 0 } },
    { ...loaded, status: { code: 0 } },
    { ...loaded, status: { code: 2 } },
  ])
  expect(JSON.stringify([points, traced])).not.toMatch(/alice|hunter2|nobody|no such|mp:/)
})

test('createTelemetry() counts refused fills, background loads, waits and errors of the store', async () => {
  const { telemetry, measured } = setUp()
  const clock = createFakeClock()
  const { store } = createChaos(memory({ clock }), { script: [{ kind: 'error' }], clock })
  const cache = createCache({ store, namespace: 'test', clock, random: () => 0.5, reporter: telemetry.cache })
  const value = cache.define({
    name: 'value',
    ttl: '1m',
    staleFor: '1h',
    load: async () => {
      await value.delete()
      return 1
    },
  })
  expect((await value.get()).reason).toBe('store-failed')
  await value.get()
  telemetry.cache({ type: 'wait', name: 'value', ms: 20 })
  telemetry.cache({ type: 'refresh', name: 'value', ok: false, error: new TypeError('secret') })
  telemetry.cache({
    type: 'store-error',
    operation: 'fill',
    error: Object.assign(new TypeError('secret'), { code: 'E secret' }),
  })
  telemetry.cache({ type: 'hook-error', operation: 'seal', error: new TypeError('secret') })
  const points = await measured()
  expect(Object.keys(points).filter((name) => name.startsWith('cache.fill.size'))).toEqual([])
  expect(points).toMatchObject({
    'cache.store_errors operation=read error.type=ERR_STORE_UNAVAILABLE': 1,
    'cache.store_errors operation=fill error.type=_OTHER': 1,
    'cache.hook_errors operation=seal error.type=_OTHER': 1,
    'cache.fills definition=value stored=false': 1,
    'cache.wait.duration definition=value': { count: 1, sum: 0.02 },
    'cache.refreshes definition=value ok=false': 1,
  })
})

test('createTelemetry() counts takes and units of limits by policy and outcome', async () => {
  const { telemetry, measured } = setUp()
  const clock = createFakeClock()
  const { store } = createChaos(memory({ clock }), {
    script: [{ kind: 'none' }, { kind: 'none' }, { kind: 'error' }],
    clock,
  })
  const limiter = createLimiter({
    store,
    clock,
    reporter: telemetry.limiter,
    policies: { join: slidingWindow({ limit: 3, window: '60s', onUnavailable: 'closed' }) },
  })
  const take = (cost: number) => limiter.take([{ policy: 'join', key: 'alice', cost }])
  for (const cost of [2, 2, 1]) await take(cost)
  const points = await measured()
  expect(points).toEqual({
    'limit.takes policy=join outcome=allowed remembered=false': 1,
    'limit.takes policy=join outcome=refused remembered=false': 1,
    'limit.takes policy=join outcome=degraded-refused remembered=false': 1,
    'limit.units policy=join outcome=allowed': 2,
    'limit.units policy=join outcome=refused': 2,
    'limit.units policy=join outcome=degraded-refused': 1,
    'limit.store_errors operation=take error.type=ERR_STORE_UNAVAILABLE': 1,
  })
  expect(JSON.stringify(points)).not.toContain('alice')
})

test.each([
  [new StoreUnavailableError('secret'), 'ERR_STORE_UNAVAILABLE'],
  [Object.assign(new TypeError('secret'), { code: 'MY_ERR_SECRET' }), '_OTHER'],
  [Object.assign(new TypeError('secret'), { code: 'ERR_SECRET of alice' }), '_OTHER'],
  [{ code: 'ERR_SECRET' }, '_OTHER'],
  [undefined, '_OTHER'],
])('createTelemetry() tells of the error %s by its code alone, as %s', async (error, type) => {
  const { telemetry, measured } = setUp()
  telemetry.limiter({ type: 'store-error', operation: 'take', error })
  expect(await measured()).toEqual({ [`limit.store_errors operation=take error.type=${type}`]: 1 })
})

test('createTelemetry() says in what its histograms measure', async () => {
  const { telemetry, units } = setUp()
  telemetry.cache({ type: 'load', name: 'value', ms: 1, ok: true })
  telemetry.cache({ type: 'wait', name: 'value', ms: 1 })
  telemetry.cache({ type: 'fill', name: 'value', bytes: 1, stored: true })
  expect(await units()).toEqual({
    'millpond.cache.load.duration': 's',
    'millpond.cache.wait.duration': 's',
    'millpond.cache.fill.size': 'By',
    'millpond.cache.fills': '',
  })
})

test('createTelemetry() goes to the global providers when none is given, which may be none', () => {
  const { cache, limiter } = createTelemetry()
  cache({ type: 'load', name: 'value', ms: 1, ok: true })
  limiter({ type: 'store-error', operation: 'take', error: undefined })
})
