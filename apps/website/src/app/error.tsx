'use client'
import { Notice } from '../sections/notice.tsx'

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <Notice title="The water is cloudy.">
      <p>This page could not be made. Nothing you sent was lost; it may work in a moment.</p>
      <button
        type="button"
        onClick={reset}
        className="mt-6 min-h-12 rounded-md bg-action px-6 font-sans text-base font-medium text-on-action hover:bg-action-hover"
      >
        Try again
      </button>
    </Notice>
  )
}
