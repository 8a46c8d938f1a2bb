/** Routes with a secret and a limit of their own, which the global limit leaves alone. */
const adminRoutes: ReadonlySet<string> = new Set([
  '/api/admin/metrics',
  '/api/support/admin/contribute',
  '/api/support/admin/empty',
  '/api/waitlist/admin/remove',
  '/api/waitlist/admin/reverse',
])

/** An exact match of the path: neither a part of it nor a longer path is enough. */
export function isAdminRoute(pathname: string): boolean {
  return adminRoutes.has(pathname)
}
