import type { Metadata } from 'next'
import NotFound from '../not-found.tsx'

export const metadata: Metadata = { title: 'Page not found', robots: { index: false } }

/** What no other page answers; the proxy gives it its status. Next's own answer to that asks for no font in time, and would be set in another type. */
export default function MissingPage() {
  return <NotFound />
}
