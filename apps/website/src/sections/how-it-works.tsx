import type { ReactNode } from 'react'

interface Step {
  readonly height: string
  readonly title: string
  readonly text: string
  readonly drawing: ReactNode
}

const frame = 'h-auto w-full fill-none stroke-link'

const gather = (
  <svg viewBox="0 0 320 150" className={frame} aria-hidden="true" strokeLinecap="round">
    <g className="fill-paper" strokeWidth="2.2">
      <circle cx="22" cy="20" r="6" />
      <circle cx="16" cy="62" r="6" />
      <circle cx="30" cy="108" r="6" />
      <circle cx="74" cy="138" r="6" />
    </g>
    <path strokeWidth="1.6" d="M28 21c38 3 44 30 82 38" />
    <path strokeWidth="1.6" d="M22 63c30 2 52-16 88-3" />
    <path strokeWidth="1.6" d="M36 106c26-6 40-40 74-44" />
    <path strokeWidth="1.6" d="M79 133c20-14 34-52 72-60" />
    <path strokeWidth="3" d="M108 60c20 4 26 14 46 13" />
    <path strokeWidth="5" d="M154 73c34-2 40-26 76-22s48 34 88 26" />
  </svg>
)

const settle = (
  <svg viewBox="0 0 320 150" className={frame} aria-hidden="true" strokeLinecap="round">
    <path strokeWidth="5" d="M2 36c22 4 30-6 52-2" />
    <path
      className="fill-water/20"
      strokeWidth="2.2"
      d="M50 34h222c-24 4-22 34-40 58s-52 20-78 32-50-2-62-26-16-58-42-64z"
    />
    <path strokeWidth="1.4" strokeDasharray="1 7" d="M86 74c30 7 52-5 78 1s52 5 76-1" />
    <path strokeWidth="1.4" strokeDasharray="1 5" d="M96 96c26 6 42-4 64 0s40 3 56-4" />
    <path strokeWidth="1.4" strokeDasharray="1 3.5" d="M112 114c14 4 24-2 36-1" />
    <path strokeWidth="1.2" d="M84 48h40M150 46h62M112 58h34" />
    <path strokeWidth="5" d="M268 34c20 0 28 10 50 6" />
  </svg>
)

const follow = (
  <svg viewBox="0 0 320 150" className={frame} aria-hidden="true" strokeLinecap="round">
    <path strokeWidth="1" className="stroke-field" d="M8 132h304" />
    <path
      strokeWidth="3"
      strokeLinejoin="round"
      d="M8 104c14-8 22 6 36 2s20-10 34-6 22 8 34 0 18-4 28-8 14-32 30-42 26 4 40-4 20-14 34-8 24 4 36-4 20-2 32-6"
    />
    <path strokeWidth="1.6" className="stroke-mark" strokeDasharray="3 5" d="M140 92v40" />
    <circle cx="140" cy="92" r="6.5" strokeWidth="2.6" className="fill-paper stroke-mark" />
  </svg>
)

const steps: readonly Step[] = [
  {
    height: '1,940 m · springs',
    title: 'Gather',
    text: 'Connect what you already wear and use. Each device stays its own spring: you can close it, and what it gave goes with it.',
    drawing: gather,
  },
  {
    height: '1,220 m · the pool',
    title: 'Settle',
    text: 'Two devices seldom agree. Headwater lines their days up, keeps the finer reading and says what it left out and why.',
    drawing: settle,
  },
  {
    height: '310 m · the valley',
    title: 'Follow',
    text: 'A trend that turns is marked at the day it turned, with what else changed upstream in the days before.',
    drawing: follow,
  },
]

export function HowItWorks() {
  return (
    <section id="how" aria-labelledby="how-title" className="mx-auto max-w-[76rem] px-5 py-20 sm:px-8 sm:py-28">
      <h2 id="how-title" className="max-w-[24ch] text-[clamp(2rem,5vw,3.1rem)]">
        Downhill it is one river. Uphill it is a handful of springs.
      </h2>
      <ol className="mt-14 grid gap-x-12 gap-y-14 md:grid-cols-3">
        {steps.map(({ height, title, text, drawing }) => (
          <li key={title}>
            {drawing}
            <p className="map-label mt-6 text-soft-ink">{height}</p>
            <h3 className="mt-1 text-[1.75rem]">{title}</h3>
            <p className="mt-2 max-w-[34ch] text-soft-ink">{text}</p>
          </li>
        ))}
      </ol>
    </section>
  )
}
