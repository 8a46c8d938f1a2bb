import { problem, tooManyRequests } from 'millpond/http'
import { type NextRequest, NextResponse } from 'next/server'
import { isAdminRoute } from './api/admin-routes.ts'
import { clientKey, toTakes } from './api/client-key.ts'
import { isFormRoute } from './api/form-routes.ts'
import { decisionHeader, encodeDecision } from './api/forwarded-decision.ts'
import { isFormPost } from './api/read-body.ts'
import { routePolicy, takesEveryLimit } from './api/route-policies.ts'
import { apiPolicy, pagePolicy } from './lib/content-policy.ts'
import { runtime } from './lib/runtime.ts'
import { isNextsOwn, isSitePath, probePaths } from './lib/site-paths.ts'

/** The page for what is not there; under this path nobody finds it either. */
const missingPath = '/missing'

const probes: ReadonlySet<string> = new Set(probePaths)

const policyHeader = 'Content-Security-Policy'

function passOn(headers: Headers, policy: string): NextResponse {
  const response = NextResponse.next({ request: { headers } })
  response.headers.set(policyHeader, policy)
  return response
}

/**
 * The global limit and the route's own, taken together: a request that either refuses costs nothing. An allowed request carries the decision on to its route, which merges it with its own: Next drops a
 * header of the route's response that the proxy has set already, so only one of the two may write rate-limit headers.
 */
async function guardApi(request: NextRequest): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.delete(decisionHeader)
  const { pathname } = request.nextUrl
  if (isAdminRoute(pathname) || takesEveryLimit(request.method, pathname)) return passOn(headers, apiPolicy)
  const { config, hasSocketAddress, limits } = runtime()
  const client = clientKey(headers, { profile: config.addressProfile, hasSocketAddress })
  const own = routePolicy(request.method, pathname)
  const decision = await limits.take(toTakes(client, own === undefined ? ['global'] : ['global', own]))
  headers.set(decisionHeader, encodeDecision(decision))
  // A refused form is the route's to answer: it turns the refusal into a page, and takes no limit of its own for it.
  const isForm = request.method === 'POST' && isFormRoute(pathname) && isFormPost(request.headers)
  if (decision.allowed || isForm) return passOn(headers, apiPolicy)
  const response = tooManyRequests(decision)
  response.headers.set(policyHeader, apiPolicy)
  return response
}

/**
 * Only here a page's status can be told before its text: a page that says "not found" by itself is sent as a shell without a word, which
 * scripts fill.
 */
const isMissing = (pathname: string): boolean => !isSitePath(pathname, { hasLocalMailbox: runtime().hasLocalMailbox })

/** Next makes a page for every method, and a page that is sent something would seem to have taken it. */
const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'

function refuseMethod({ method }: NextRequest): Response {
  const response = problem({
    status: 405,
    title: 'Method not allowed',
    detail: `${method} is not supported here; use GET, HEAD`,
    headers: { Allow: 'GET, HEAD' },
  })
  response.headers.set(policyHeader, apiPolicy)
  return response
}

/** Next reads the nonce from the request's policy and puts it on its scripts; that is why every page is rendered on request. */
function servePage(request: NextRequest): Response {
  const nonce = Buffer.from(crypto.randomUUID()).toString('base64')
  const policy = pagePolicy(nonce, { dev: process.env.NODE_ENV === 'development' })
  const headers = new Headers(request.headers)
  headers.set(policyHeader, policy)
  if (!isMissing(request.nextUrl.pathname)) return passOn(headers, policy)
  const response = NextResponse.rewrite(new URL(missingPath, request.url), { status: 404, request: { headers } })
  response.headers.set(policyHeader, policy)
  return response
}

async function answerPath(request: NextRequest, pathname: string): Promise<Response> {
  if (pathname === '/api' || pathname.startsWith('/api/')) return guardApi(request)
  // Who watches the site asks often, and must hear of no limit.
  if (probes.has(pathname)) return passOn(new Headers(request.headers), apiPolicy)
  if (process.env.NODE_ENV === 'development' && isNextsOwn(pathname))
    return passOn(new Headers(request.headers), apiPolicy)
  return isReading(request.method) ? servePage(request) : refuseMethod(request)
}

export async function proxy(request: NextRequest): Promise<Response> {
  const { pathname } = request.nextUrl
  const response = await answerPath(request, pathname)
  // Browsers keep it for a year, and heed it over https only. Subdomains are not the site's to bind.
  if (runtime().config.isHttps) response.headers.set('Strict-Transport-Security', 'max-age=31536000')
  return response
}

export const config = { matcher: ['/api/:path*', '/((?!_next/static|_next/image).*)'] }
