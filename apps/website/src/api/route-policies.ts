import type { PolicyName } from '../lib/limits.ts'

/** What a route takes besides `global`. */
export type RoutePolicy = Exclude<PolicyName, 'global' | 'unknown' | 'contactReceipt'>

/** Every route under /api that is not an admin's, with the policy of its POST where that is not `general`. */
const routes: Readonly<Record<string, { readonly POST?: RoutePolicy }>> = {
  '/api/contact': {},
  '/api/demo/ingest': { POST: 'waitlist' },
  '/api/support/stats': {},
  '/api/waitlist/confirm': {},
  '/api/waitlist/join': { POST: 'waitlist' },
  '/api/waitlist/leaderboard': {},
  '/api/waitlist/leave': {},
  '/api/waitlist/link': { POST: 'waitlist' },
  '/api/waitlist/live': {},
  '/api/waitlist/name': {},
  '/api/waitlist/quiz': {},
  '/api/waitlist/stats': {},
  '/api/waitlist/status': {},
}

/**
 * The policy of a route, so that the proxy can take it together with the global one, all or nothing and in one round trip;
 * undefined where there is no route. A route takes what the proxy did not.
 */
export function routePolicy(method: string, pathname: string): RoutePolicy | undefined {
  const path = pathname.replace(/(.)\/+$/, '$1')
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined
  return route === undefined ? undefined : ((method === 'POST' ? route.POST : undefined) ?? 'general')
}

/** Cached reads: the route takes the global limit and its own in the round trip of its read, and the proxy takes nothing. */
const guardedReads: ReadonlySet<string> = new Set([
  '/api/support/stats',
  '/api/waitlist/leaderboard',
  '/api/waitlist/stats',
])

/** Whether the route takes every limit itself. An exact match: any other spelling is the proxy's to limit. */
export function takesEveryLimit(method: string, pathname: string): boolean {
  return method === 'GET' && guardedReads.has(pathname)
}
