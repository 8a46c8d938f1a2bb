import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import type { ReactNode } from 'react'
import { publicUrl } from '../lib/runtime.ts'
import { SiteFooter } from '../sections/site-footer.tsx'
import { SiteHeader } from '../sections/site-header.tsx'
import './globals.css'

const newsreader = localFont({
  src: [
    { path: '../fonts/newsreader.woff2', style: 'normal', weight: '200 800' },
    { path: '../fonts/newsreader-italic.woff2', style: 'italic', weight: '200 800' },
  ],
  variable: '--font-newsreader',
  // A font that comes late is left for the next page: no text moves under a reader's eyes.
  display: 'optional',
  adjustFontFallback: 'Times New Roman',
})

const description =
  'Headwater brings the numbers of your watch, ring and scale into one private stream, and shows where a change began.'

export function generateMetadata(): Metadata {
  const url = publicUrl()
  return {
    title: { default: 'Headwater: your health data, from the source', template: '%s · Headwater' },
    description,
    applicationName: 'Headwater',
    openGraph: { title: 'Headwater', description, type: 'website', siteName: 'Headwater' },
    twitter: { card: 'summary_large_image' },
    formatDetection: { telephone: false, email: false, address: false },
    // Addresses of images must be whole; the site knows its own from SITE_URL or from its start.
    ...(url === undefined ? {} : { metadataBase: new URL(url) }),
  }
}

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f1f4f0' },
    { media: '(prefers-color-scheme: dark)', color: '#0b171b' },
  ],
}

/** Every page is rendered on request, because its scripts carry the nonce of the response (see proxy.ts). */
export const dynamic = 'force-dynamic'

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" className={newsreader.variable}>
      <body className="flex min-h-dvh flex-col">
        <a
          href="#main"
          className="map-label absolute left-4 top-0 z-20 -translate-y-[120%] bg-action px-4 py-2 text-on-action no-underline focus:translate-y-4"
        >
          Skip to the content
        </a>
        <SiteHeader />
        <main id="main" className="grow">
          {children}
        </main>
        <SiteFooter />
      </body>
    </html>
  )
}
