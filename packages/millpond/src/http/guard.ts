import type { CacheResult, Peek } from '../cache/read.ts'
import type { Decision } from '../limit/decision.ts'
import { rateLimitHeaders } from './headers.ts'
import { tooManyRequests } from './problem.ts'

export interface GuardOptions {
  /** Decides on the request: usually `() => limiter.take([...])`. */
  readonly limits: () => Promise<Decision>
  /** Answers it. Called only when it is allowed, so a refused request costs nothing behind the guard. */
  readonly answer: (decision: Decision) => Response | Promise<Response>
  readonly read?: undefined
}

export interface GuardedReadOptions<Value> {
  readonly limits: () => Promise<Decision>
  /** Looks into the cache, without loading: usually `() => definition.peek(input)`. Called in the tick in which the limits are asked, so both travel in one round trip on one store. */
  readonly read: () => Promise<Peek<Value>>
  /** Answers with what was read or, after a look that found nothing, loaded. Called only when it is allowed. */
  readonly answer: (result: CacheResult<Value>, decision: Decision) => Response | Promise<Response>
}

/**
 * Answers a request within its limits: the answer with the rate-limit headers, or 429 (503 where an outage refuses). A header that the answer already has stays. With `read` the cache is asked
 * in the same round trip as the limits; a refusal drops what it found, loads nothing, and asks nothing at all where the refusal was remembered.
 *
 * ```ts
 * import { createLimiter, slidingWindow } from 'millpond'
 * import { guard } from 'millpond/http'
 * import { memory } from 'millpond/memory'
 *
 * const join = slidingWindow({ limit: 1, window: '60s', onUnavailable: 'local' })
 * const limiter = createLimiter({ store: memory(), policies: { join } })
 * const answer = () => new Response('welcome', { status: 201 })
 * const handle = (address: string) => guard({ limits: () => limiter.limit('join', address), answer })
 *
 * console.log((await handle('203.0.113.7')).status) // 201
 * console.log((await handle('203.0.113.7')).status) // 429
 * ```
 *
 * @throws what `limits`, `answer` or an allowed `read` throw
 */
export function guard(options: GuardOptions): Promise<Response>
export function guard<Value>(options: GuardedReadOptions<Value>): Promise<Response>
export async function guard<Value>(options: GuardOptions | GuardedReadOptions<Value>): Promise<Response> {
  if (options.read === undefined) {
    const decision = await options.limits()
    return decision.allowed ? withRateLimit(await options.answer(decision), decision) : tooManyRequests(decision)
  }
  const { decision, result } = await readWithinLimits(options)
  return result ? withRateLimit(await options.answer(result, decision), decision) : tooManyRequests(decision)
}

/** Asks the limits and the cache in one round trip. Without a result the decision refuses. */
export async function readWithinLimits<Value>({
  limits,
  read,
}: Pick<GuardedReadOptions<Value>, 'limits' | 'read'>): Promise<{
  readonly decision: Decision
  readonly result: CacheResult<Value> | undefined
}> {
  const deciding = limits()
  const remembered = await settledByNow(deciding)
  // What throws at once (making an input of the request, say) is a failure of the read like any other.
  const looking = remembered ? undefined : (async () => read())()
  // A refusal leaves it behind: nobody else may hear that it failed.
  looking?.catch(() => {})
  const decision = await deciding
  if (!decision.allowed) return { decision, result: undefined }
  const peek = await (looking ?? read())
  return { decision, result: await peek.get() }
}

/** How many microtasks a decision may take that asks no store. A store is asked at the end of the tick, after all of them. */
const MICROTASKS = 8

async function settledByNow(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = () => {
    settled = true
  }
  promise.then(settle, settle)
  for (let turn = 0; turn < MICROTASKS && !settled; turn += 1) await undefined
  return settled
}

/** The response with the rate-limit headers of a decision. Those that it already has stay. */
export function withRateLimit(response: Response, decision: Decision): Response {
  // A copy, since the headers of a response that came from fetch cannot be changed. Bun adds the type of a text when it is sent, and only a clone keeps that; elsewhere a clone would hold the body twice.
  const isText = 'Bun' in globalThis && !response.headers.has('content-type')
  const copy = isText ? response.clone() : new Response(response.body, response)
  addRateLimit(copy.headers, decision)
  return copy
}

/** Adds the rate-limit headers of a decision to those of a response that nobody else has, and says which it had not. A copy of it would read its body as a stream. */
export function addRateLimit(headers: Headers, decision: Decision): readonly string[] {
  const added = Object.entries(rateLimitHeaders(decision)).filter(([name]) => !headers.has(name))
  for (const [name, value] of added) headers.set(name, value)
  return added.map(([name]) => name)
}
