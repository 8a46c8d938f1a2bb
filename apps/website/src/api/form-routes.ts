/** Routes that answer a browser's plain form with a page, also when they refuse it. */
const formRoutes: ReadonlySet<string> = new Set([
  '/api/waitlist/join',
  '/api/waitlist/confirm',
  '/api/waitlist/leave',
  '/api/waitlist/link',
  '/api/waitlist/name',
  '/api/waitlist/quiz',
  '/api/contact',
  '/api/demo/ingest',
])

/** An exact match of the path. */
export function isFormRoute(pathname: string): boolean {
  return formRoutes.has(pathname)
}
