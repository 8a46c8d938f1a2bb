'use client'
import { buttonClass } from '../sections/form-parts.tsx'
import { Notice } from '../sections/notice.tsx'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <Notice title="The water is cloudy.">
      <p>This page could not be made. Nothing you sent was lost; it may work in a moment.</p>
      <button type="button" onClick={reset} className={`mt-6 ${buttonClass}`}>
        Try again
      </button>
    </Notice>
  )
}
