import type { ReactNode } from 'react'

/** A page that has one thing to say. Its stream runs dry where something is missing, and flows on where nothing is. */
export function Notice(props: { title: string; isDry?: boolean; children: ReactNode }) {
  const { title, isDry = false, children } = props
  return (
    <div className="mx-auto max-w-[76rem] px-5 py-24 sm:px-8 sm:py-36">
      <svg viewBox="0 0 160 40" className="h-10 w-40 fill-none stroke-link" aria-hidden="true" strokeLinecap="round">
        <circle cx="14" cy="20" r="8" strokeWidth="2.4" />
        <path strokeWidth="4" d={isDry ? 'M23 21c18 4 24-12 44-4' : 'M23 21c18 4 24-12 44-4c25 10 38-4 85 2'} />
        {isDry && <path strokeWidth="4" strokeDasharray="1 12" d="M78 20c16 5 26-7 74-1" />}
      </svg>
      <h1 className="mt-8 text-[clamp(2.4rem,8vw,4rem)]">{title}</h1>
      <div className="mt-5 max-w-[36rem] text-[1.15rem] text-soft-ink">{children}</div>
    </div>
  )
}
