import type { Decision, Peek } from 'millpond'
import { type ClientAddress, cachedResponse, guard, problem, tooManyRequests } from 'millpond/http'
import { after } from 'next/server'
import { isDatabaseAway } from 'postgres-pool'
import type { SiteCache } from '../lib/cache.ts'
import { type Runtime, runtime } from '../lib/runtime.ts'
import { clientKey, toTakes } from './client-key.ts'
import { coversPolicy, readForwardedDecision } from './forwarded-decision.ts'
import { mergedHeaders } from './merged-headers.ts'
import type { RoutePolicy } from './route-policies.ts'

export interface RouteContext {
  readonly request: Request
  readonly runtime: Runtime
  readonly client: ClientAddress
  /** Takes a further limit of this client's. Its numbers appear in the answer's headers when they are nearest to refusing. */
  limit(policy: RoutePolicy): Promise<Decision>
  /** Does this when the answer has been sent, so that its time tells nothing of it. What it throws is logged by its name. */
  later(work: () => Promise<void>): void
}

interface Endpoint {
  /** Undefined where the global limit is enough. */
  readonly policy: RoutePolicy | undefined
  handle(context: RouteContext): Promise<Response>
  /** Takes the global limit and its own itself, where the proxy took none. */
  guard?(context: RouteContext): Promise<Response>
  /** Answers a refusal in another way than 429 problem+json; undefined leaves it at that. */
  refuse?(context: RouteContext, decision: Decision): Promise<Response | undefined>
  /** Answers what `handle` threw in another way than 500 or 503 problem+json; undefined leaves it at that. */
  fail?(context: RouteContext): Promise<Response | undefined>
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]
type Handler = (request: Request) => Promise<Response>

function withHeaders(response: Response, headers: Record<string, string>): Response {
  const merged = new Headers(response.headers)
  for (const [name, value] of Object.entries(headers)) merged.set(name, value)
  return new Response(response.body, { status: response.status, headers: merged })
}

/** A cached read that anybody may have; see {@link apiRoute}. */
export function cachedRead<Value>(peek: (cache: SiteCache) => Promise<Peek<Value>>): Endpoint {
  return {
    policy: 'general',
    handle: async ({ request, runtime: { siteCache } }) => cachedResponse(request, await (await peek(siteCache)).get()),
    guard: ({ request, runtime: { limits, siteCache }, client }) =>
      guard({
        limits: () => limits.take(toTakes(client, ['global', 'general'])),
        read: () => peek(siteCache),
        answer: (result) => cachedResponse(request, result),
      }),
  }
}

/** The name only: a driver's error also carries the query's values, and these may be a person's. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error')

function later(work: () => Promise<void>): void {
  after(() => work().catch((error) => console.error(`Cannot finish what a request asked for: ${nameOf(error)}`)))
}

/** Logs what was thrown, by its name, and answers in general words. */
function toFailure({ method }: Request, error: unknown): Response {
  console.error(`Cannot answer ${method}: ${nameOf(error)}`)
  return isDatabaseAway(error)
    ? problem({
        status: 503,
        title: 'Service unavailable',
        detail: 'The database does not answer. Try again in a few seconds',
        headers: { 'Retry-After': '5' },
      })
    : problem({ status: 500, title: 'Internal server error', detail: 'The site made a mistake. Try again later' })
}

async function handleOrFail(endpoint: Endpoint, context: RouteContext): Promise<Response> {
  try {
    return await endpoint.handle(context)
  } catch (error) {
    const failure = toFailure(context.request, error)
    return (await endpoint.fail?.(context)) ?? failure
  }
}

async function answer(endpoint: Endpoint, request: Request): Promise<Response> {
  const current = runtime()
  const { config, hasSocketAddress, limits } = current
  const client = clientKey(request.headers, { profile: config.addressProfile, hasSocketAddress })
  const decisions: Decision[] = []
  const limit = async (policy: RoutePolicy): Promise<Decision> => {
    const decision = await limits.take(toTakes(client, [policy]))
    decisions.push(decision)
    return decision
  }
  const context: RouteContext = { request, runtime: current, client, limit, later }
  const forwarded = readForwardedDecision(request.headers)
  if (forwarded === undefined && endpoint.guard !== undefined) return endpoint.guard(context)
  if (forwarded !== undefined) decisions.push(forwarded)
  const { policy } = endpoint
  const isTaken =
    forwarded !== undefined && (!forwarded.allowed || policy === undefined || coversPolicy(forwarded, policy))
  if (!isTaken) await limit(policy ?? 'general')
  const refusing = decisions.find((decision) => !decision.allowed)
  const response =
    refusing === undefined
      ? await handleOrFail(endpoint, context)
      : ((await endpoint.refuse?.(context, refusing)) ?? tooManyRequests(refusing))
  return withHeaders(response, mergedHeaders(decisions))
}

function toHandler(endpoint: Endpoint): Handler {
  return async (request) => {
    try {
      return await answer(endpoint, request)
    } catch (error) {
      return toFailure(request, error)
    }
  }
}

/**
 * The handlers of one route under /api. Each takes its own limit unless the proxy has taken it already; the answer, whatever it is, carries
 * the rate-limit headers of the one nearest to refusing. A method that the route does not have is 405.
 */
export function apiRoute(endpoints: Partial<Record<Method, Endpoint>>): Record<Method, Handler> {
  const allow = methods.filter((method) => endpoints[method] !== undefined).join(', ')
  const notAllowed: Endpoint = {
    policy: 'general',
    handle: async ({ request }) =>
      problem({
        status: 405,
        title: 'Method not allowed',
        detail: `${request.method} is not supported here; use ${allow}`,
        headers: { Allow: allow },
      }),
  }
  const handlerOf = (method: Method): Handler => toHandler(endpoints[method] ?? notAllowed)
  return {
    GET: handlerOf('GET'),
    POST: handlerOf('POST'),
    PUT: handlerOf('PUT'),
    PATCH: handlerOf('PATCH'),
    DELETE: handlerOf('DELETE'),
    OPTIONS: handlerOf('OPTIONS'),
  }
}
