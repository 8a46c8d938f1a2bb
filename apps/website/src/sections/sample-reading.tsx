const ticks = [
  { label: '62', y: 45 },
  { label: '58', y: 95 },
  { label: '54', y: 145 },
  { label: '01:00', y: 225 },
  { label: '22:00', y: 295 },
] as const

const weeks = [
  { label: 'week 25', x: 70, anchor: 'start' },
  { label: '29', x: 290, anchor: 'middle' },
  { label: '31', x: 404, anchor: 'middle' },
  { label: '34', x: 630, anchor: 'end' },
] as const

/** What the product would say, on invented numbers. */
export function SampleReading() {
  return (
    <section aria-labelledby="reading-title" className="border-y border-rule bg-sheet">
      <div className="mx-auto grid max-w-[76rem] items-center gap-x-16 gap-y-10 px-5 py-20 sm:px-8 sm:py-24 lg:grid-cols-[22rem_1fr]">
        <div>
          <h2 id="reading-title" className="text-[clamp(2rem,5vw,3.1rem)]">
            A reading, for example
          </h2>
          <p className="mt-5">
            Resting pulse rose by <strong className="font-semibold">4 beats</strong> in week 31 and stayed there.
          </p>
          <p className="mt-3 text-soft-ink">
            Two weeks upstream, bedtime had moved from 22:50 to 00:20. Nothing else in your streams changed in that
            fortnight.
          </p>
          <p className="mt-3 text-soft-ink">That is a place to look, not a diagnosis.</p>
        </div>
        <figure>
          <svg
            viewBox="0 -14 640 344"
            className="h-auto w-full overflow-visible fill-none"
            role="img"
            aria-labelledby="reading-alt"
          >
            <title id="reading-alt">
              Two lines over ten weeks. Bedtime moves later in week 29; two weeks after it, the resting pulse rises from
              56 to 60 beats.
            </title>
            <g className="stroke-rule">
              <path d="M70 40h560M70 90h560M70 140h560M70 220h560M70 290h560" />
            </g>
            <g className="fill-soft-ink font-sans text-[26px] sm:text-[13px]">
              <text x="0" y="6" className="sm:translate-y-[14px]">
                beats a minute
              </text>
              {ticks.map(({ label, y }) => (
                <text key={label} x="62" y={y} textAnchor="end">
                  {label}
                </text>
              ))}
              <text x="0" y="188">
                bedtime
              </text>
              {weeks.map(({ label, x, anchor }) => (
                <text key={label} x={x} y="322" textAnchor={anchor}>
                  {label}
                </text>
              ))}
            </g>
            <path
              className="stroke-link"
              strokeWidth="3.2"
              strokeLinejoin="round"
              strokeLinecap="round"
              d="M70 118c18-8 26 6 44 0s24-10 42-2 26 8 46 0 30-6 48 2 32 4 50-4 34 2 52 4 34-2 50-16 18-30 38-34 26 6 44 0 28-8 46 0 26 6 40-2 26 2 60-2"
            />
            <path
              className="stroke-link"
              strokeWidth="3.2"
              strokeLinejoin="round"
              strokeLinecap="round"
              d="M70 270c22-4 34 6 54 0s36-4 54 2 38 0 56-4 34-4 48-16 16-22 34-22 30 6 50 0 34-4 54 2 32-2 54-4 34 6 54 2 40-4 102 0"
            />
            <g className="stroke-mark" strokeWidth="2.4">
              <path strokeDasharray="3 6" d="M290 243V96M404 76v196" strokeWidth="1.4" />
              <circle cx="290" cy="251" r="7" className="fill-sheet" />
              <circle cx="404" cy="101" r="7" className="fill-sheet" />
            </g>
            <g className="fill-mark text-[30px] italic sm:text-[17px]">
              <text x="280" y="216" textAnchor="end">
                later to bed
              </text>
              <text x="300" y="60">
                pulse rises
              </text>
            </g>
          </svg>
          <figcaption className="mt-3 text-[0.95rem] text-soft-ink">
            Invented numbers, drawn to show the idea.
          </figcaption>
        </figure>
      </div>
    </section>
  )
}
