import type { MetadataRoute } from 'next'
import { runtime } from '../lib/runtime.ts'

export const dynamic = 'force-dynamic'

export default function robots(): MetadataRoute.Robots {
  const { siteUrl } = runtime().config
  return {
    rules: { userAgent: '*', allow: '/', disallow: ['/api/', '/me', '/confirm', '/dev/'] },
    ...(siteUrl === undefined ? {} : { sitemap: `${siteUrl}/sitemap.xml` }),
  }
}
