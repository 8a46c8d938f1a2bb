import { type Attributes, type Meter, metrics, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { CacheEvent, CacheReporter } from '../cache/event.ts'
import type { LimitReporter } from '../limit/limit-event.ts'

export interface TelemetryOptions {
  /** Where measurements go; default the global provider's meter `millpond`. */
  readonly meter?: Meter
  /** Where spans of loads go; default the global provider's tracer `millpond`. */
  readonly tracer?: Tracer
}

/** Reporters to pass to `createCache` and `createLimiter`. */
export interface Telemetry {
  readonly cache: CacheReporter
  readonly limiter: LimitReporter
}

/**
 * Turns what caches and limiters report into OpenTelemetry metrics, and each load into a span. Attributes are names that you gave (definitions, policies), statuses and error codes: never a
 * key, an input, a value or a message. One `Telemetry` serves any number of caches and limiters.
 *
 * Counters: `millpond.cache.reads`, `.fills`, `.refreshes`, `.invalidations`, `.store_errors`, `millpond.limit.takes`, `.units`, `.store_errors`. Histograms, in seconds and bytes:
 * `millpond.cache.load.duration`, `.wait.duration`, `.fill.size`.
 *
 * ```ts
 * import { createCache } from 'millpond'
 * import { memory } from 'millpond/memory'
 * import { createTelemetry } from 'millpond/opentelemetry'
 *
 * const telemetry = createTelemetry()
 * const cache = createCache({ store: memory(), namespace: 'app', reporter: telemetry.cache })
 * ```
 */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  const meter = options.meter ?? metrics.getMeter('millpond')
  const tracer = options.tracer ?? trace.getTracer('millpond')
  return { cache: createCacheReporter(meter, tracer), limiter: createLimitReporter(meter) }
}

function createCacheReporter(meter: Meter, tracer: Tracer): CacheReporter {
  const counter = (name: string, description: string) => meter.createCounter(`millpond.cache.${name}`, { description })
  const histogram = (name: string, unit: string, description: string) =>
    meter.createHistogram(`millpond.cache.${name}`, { unit, description })
  const reads = counter('reads', 'Reads by status and reason')
  const fills = counter('fills', 'Loaded values that were stored, or refused because of an invalidation')
  const refreshes = counter('refreshes', 'Loads in the background')
  const invalidations = counter('invalidations', 'Invalidations by whether the store acknowledged them')
  const storeErrors = counter('store_errors', 'Operations that the store did not carry out')
  const hookErrors = counter('hook_errors', 'Values that the seal could not close, and errors of waitUntil')
  const loads = histogram('load.duration', 's', 'How long loads took')
  const waits = histogram('wait.duration', 's', 'How long reads waited for the load of another process')
  const sizes = histogram('fill.size', 'By', 'Size of stored entries')

  return (event) => {
    switch (event.type) {
      case 'read':
        return reads.add(1, toReadAttributes(event))
      case 'load':
        traceLoad(tracer, event)
        return loads.record(event.ms / 1_000, { ...named(event), 'millpond.ok': event.ok })
      case 'fill':
        if (event.stored) sizes.record(event.bytes, named(event))
        return fills.add(1, { ...named(event), 'millpond.stored': event.stored })
      case 'wait':
        return waits.record(event.ms / 1_000, named(event))
      case 'refresh':
        return refreshes.add(1, { ...named(event), 'millpond.ok': event.ok })
      case 'invalidate':
        return invalidations.add(1, { 'millpond.delivered': event.delivered })
      case 'store-error':
        return storeErrors.add(1, toErrorAttributes(event))
      case 'hook-error':
        return hookErrors.add(1, toErrorAttributes(event))
      default:
        return event satisfies never
    }
  }
}

function createLimitReporter(meter: Meter): LimitReporter {
  const takes = meter.createCounter('millpond.limit.takes', { description: 'Takes by policy and outcome' })
  const units = meter.createCounter('millpond.limit.units', { description: 'Units asked for by policy and outcome' })
  const storeErrors = meter.createCounter('millpond.limit.store_errors', {
    description: 'Operations that the store did not carry out',
  })
  return (event) => {
    if (event.type === 'store-error') return storeErrors.add(1, toErrorAttributes(event))
    const attributes = { 'millpond.policy': event.policy, 'millpond.outcome': event.outcome }
    takes.add(1, { ...attributes, 'millpond.remembered': event.remembered })
    units.add(event.cost, attributes)
  }
}

/** A load is told when it has ended, so its span is made then, under the span in which the read began. */
function traceLoad(tracer: Tracer, event: Extract<CacheEvent, { type: 'load' }>): void {
  const endTime = Date.now()
  const span = tracer.startSpan(`load ${event.name}`, { startTime: endTime - event.ms, attributes: named(event) })
  if (!event.ok) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(endTime)
}

function named({ name }: { readonly name: string }): Attributes {
  return { 'millpond.definition': name }
}

function toReadAttributes(event: Extract<CacheEvent, { type: 'read' }>): Attributes {
  const { status, reason, joined } = event
  return { ...named(event), 'millpond.status': status, 'millpond.reason': reason, 'millpond.joined': joined }
}

/** The error's code where it is one of ours: a message may be anything. */
function toErrorAttributes({ operation, error }: { readonly operation: string; readonly error: unknown }): Attributes {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return { 'millpond.operation': operation, 'error.type': /^ERR_[A-Z_]+$/.test(code) ? code : '_OTHER' }
}
