'use client'
import { CloudyNotice } from '../sections/cloudy-notice.tsx'
import { buttonClass } from '../sections/form-parts.tsx'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <CloudyNotice>
      <button type="button" onClick={reset} className={`mt-6 ${buttonClass}`}>
        Try again
      </button>
    </CloudyNotice>
  )
}
