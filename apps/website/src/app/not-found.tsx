import type { Metadata } from 'next'
import { Notice } from '../sections/notice.tsx'

export const metadata: Metadata = { title: 'Page not found' }

export default function NotFound() {
  return (
    <Notice title="This path runs dry." isDry>
      There is no page under this address. <a href="/">Go back to the source</a>.
    </Notice>
  )
}
