import type { Decision } from 'millpond'
import { problem, tooManyRequests } from 'millpond/http'
import type { PolicyName } from '../lib/limits.ts'
import { type Runtime, runtime } from '../lib/runtime.ts'
import { clientKey } from './client-key.ts'
import { readForwardedDecision } from './forwarded-decision.ts'
import { mergedHeaders } from './merged-headers.ts'

export interface RouteContext {
  readonly request: Request
  readonly runtime: Runtime
}

interface Endpoint {
  readonly policy: Exclude<PolicyName, 'global'>
  handle(context: RouteContext): Promise<Response>
  /** Answers a refusal in another way than 429 problem+json; undefined leaves it at that. */
  refuse?(context: RouteContext, decision: Decision): Promise<Response | undefined>
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]
type Handler = (request: Request) => Promise<Response>

function withHeaders(response: Response, headers: Record<string, string>): Response {
  const merged = new Headers(response.headers)
  for (const [name, value] of Object.entries(headers)) merged.set(name, value)
  return new Response(response.body, { status: response.status, headers: merged })
}

async function answer(endpoint: Endpoint, context: RouteContext, key: string): Promise<Response> {
  const global = readForwardedDecision(context.request.headers)
  const own = global?.allowed === false ? undefined : await context.runtime.limits[endpoint.policy].limit(key)
  const refusing = [global, own].find((decision) => decision?.allowed === false)
  const response =
    refusing === undefined
      ? await endpoint.handle(context)
      : ((await endpoint.refuse?.(context, refusing)) ?? tooManyRequests(refusing))
  return withHeaders(response, mergedHeaders([global, own]))
}

function toHandler(endpoint: Endpoint): Handler {
  return async (request) => {
    try {
      const context = { request, runtime: runtime() }
      const { config, hasSocketAddress } = context.runtime
      const key = clientKey(request.headers, { profile: config.addressProfile, hasSocketAddress })
      return await answer(endpoint, context, key)
    } catch (error) {
      // The message only: a driver's error also carries the query's values, and these may be a person's.
      console.error(`Cannot answer ${request.method}: ${error instanceof Error ? error.name : 'unknown error'}`)
      return problem({
        status: 500,
        title: 'Internal server error',
        detail: 'The site made a mistake. Try again later',
      })
    }
  }
}

/**
 * The handlers of one route under /api. Each takes its own limit besides the proxy's; the answer, whatever it is, carries
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
