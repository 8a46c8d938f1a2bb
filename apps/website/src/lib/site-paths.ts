/** The pages that everybody may find. */
export const publicPaths = [
  '/',
  '/about',
  '/contact',
  '/cookies',
  '/demo',
  '/leaderboard',
  '/privacy',
  '/support',
  '/terms',
] as const

const personPaths = ['/confirm', '/me'] as const
const files = ['/icon.svg', '/manifest.webmanifest', '/opengraph-image.png', '/robots.txt', '/sitemap.xml'] as const
/** For who runs the site, not for visitors. */
export const probePaths = ['/healthz', '/readyz'] as const
export const mailboxPath = '/dev/mail'

const known: ReadonlySet<string> = new Set([...publicPaths, ...personPaths, ...files, ...probePaths])

/** Whether Next answers it itself while it develops: what has changed, where an error stands in the source. */
export const isNextsOwn = (pathname: string): boolean => /^\/__?next/.test(pathname)

/** Whether a page or a file is under this path, with or without a slash at its end; of the API nothing is said. */
export function isSitePath(pathname: string, { hasLocalMailbox }: { hasLocalMailbox: boolean }): boolean {
  const path = pathname.replace(/(.)\/+$/, '$1')
  return known.has(path) || (hasLocalMailbox && path === mailboxPath)
}
