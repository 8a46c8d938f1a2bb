import type { WaitlistStats } from '../waitlist/stats.ts'
import { LiveFigures } from './live-figures.tsx'

const marks = Array.from({ length: 41 }, (_, index) => index)

/** The staff that stands in the water at a gauging station. */
function Staff() {
  return (
    <svg
      viewBox="0 0 410 14"
      preserveAspectRatio="xMinYMid"
      className="mb-9 h-3.5 w-full max-w-[34rem] text-on-water/70"
      aria-hidden="true"
    >
      {marks.map((mark) => (
        <path
          key={mark}
          d={`M${mark * 10 + 1} 0v${mark % 10 === 0 ? 14 : mark % 5 === 0 ? 10 : 6}`}
          stroke="currentColor"
        />
      ))}
    </svg>
  )
}

/** Where the hero's stream arrives: the level of the list. */
export function Gauge({ stats }: { stats: WaitlistStats | undefined }) {
  return (
    <section aria-labelledby="gauge-title" className="on-water bg-water text-on-water">
      <div className="mx-auto max-w-[76rem] px-5 py-14 sm:px-8 sm:py-16">
        <h2 id="gauge-title" className="mb-5 text-[1.5rem] italic">
          The level today
        </h2>
        <Staff />
        <LiveFigures initial={stats} />
      </div>
    </section>
  )
}
