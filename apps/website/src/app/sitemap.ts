import type { MetadataRoute } from 'next'
import { runtime } from '../lib/runtime.ts'

export const dynamic = 'force-dynamic'

const paths = [
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

/** Empty as long as the site does not know its own address (SITE_URL), because a sitemap names whole addresses only. */
export default function sitemap(): MetadataRoute.Sitemap {
  const { siteUrl } = runtime().config
  return siteUrl === undefined ? [] : paths.map((path) => ({ url: `${siteUrl}${path}` }))
}
