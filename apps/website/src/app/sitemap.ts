import type { MetadataRoute } from 'next'
import { runtime } from '../lib/runtime.ts'
import { publicPaths } from '../lib/site-paths.ts'

export const dynamic = 'force-dynamic'

/** Empty as long as the site does not know its own address (SITE_URL), because a sitemap names whole addresses only. */
export default function sitemap(): MetadataRoute.Sitemap {
  const { siteUrl } = runtime().config
  return siteUrl === undefined ? [] : publicPaths.map((path) => ({ url: `${siteUrl}${path}` }))
}
