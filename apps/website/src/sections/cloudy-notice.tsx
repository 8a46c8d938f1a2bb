import type { ReactNode } from 'react'
import { Notice } from './notice.tsx'

/** A page that could not be made; `children` is the way to try again. */
export function CloudyNotice({ children }: { children: ReactNode }) {
  return (
    <Notice title="The water is cloudy." isDry>
      <p>This page could not be made. Nothing you sent was lost; it may work in a moment.</p>
      {children}
    </Notice>
  )
}
