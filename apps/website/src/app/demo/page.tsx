import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import { type Demo, readDemo, type Tile } from '../../demo/read-demo.ts'
import { runtime } from '../../lib/runtime.ts'
import { PageFrame } from '../../sections/page-frame.tsx'
import { outcomeTitle, type Query, readNote, toLineNote } from '../../sections/read-note.ts'
import { SubmitLine } from '../../sections/submit-line.tsx'
import { WeekChart } from '../../sections/week-chart.tsx'

export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  return { title: await outcomeTitle(await searchParams, 'Demonstration') }
}

function TileFrame({ title, tile, children }: { title: string; tile: Tile<unknown>; children: ReactNode }) {
  return (
    <section aria-label={title} className="border-t border-rule pt-5">
      <h2 className="text-[1.5rem] italic">{title}</h2>
      <div className="mt-4">{children}</div>
      <p className="map-label mt-3 text-soft-ink" data-testid="verdict">
        Cache: {tile.cache}
        {tile.remaining !== undefined && ` · ${tile.remaining} of ${tile.limit} requests left`}
      </p>
    </section>
  )
}

const missing = 'not measured'

const shown = (value: number | null, unit: string): string =>
  value === null ? missing : `${value.toLocaleString('en')}${unit}`

const shownDay = (date: string): string =>
  new Date(`${date}T00:00:00Z`).toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  })

function shownHours(hours: number | null): string {
  if (hours === null) return missing
  const minutes = Math.round(hours * 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function Tiles({ demo }: { demo: Extract<Demo, { status: 'ready' }> }) {
  const { summary, trends } = demo
  const day = summary.value
  const facts = [
    ['Steps', shown(day.steps, '')],
    ['Sleep', shownHours(day.sleep_hours)],
    ['Burned', shown(day.calories_burned, ' kcal')],
    ['Weight', shown(day.weight_kg, ' kg')],
    ['Workouts', shown(day.workouts_count, '')],
  ] as const
  const { dates, steps, sleep_hours: sleep, calories_out: burned } = trends.value
  return (
    <div className="mt-12 grid gap-x-14 gap-y-12 md:grid-cols-2" data-testid="tiles">
      <TileFrame title={`Today, ${shownDay(day.date)}`} tile={summary}>
        <dl className="grid grid-cols-2 gap-x-8 gap-y-4">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt className="text-soft-ink">{label}</dt>
              <dd className={value === missing ? 'text-soft-ink italic' : 'text-[1.6rem] leading-tight tabular-nums'}>
                {value}
              </dd>
            </div>
          ))}
        </dl>
      </TileFrame>
      <TileFrame title="Steps of the week" tile={trends}>
        <WeekChart title="Steps of the week" unit="steps" dates={dates} values={steps} />
      </TileFrame>
      <TileFrame title="Sleep of the week, hours" tile={trends}>
        <WeekChart title="Sleep of the week" unit="hours" dates={dates} values={sleep} />
      </TileFrame>
      <TileFrame title="Energy of the week, kcal" tile={trends}>
        <WeekChart title="Energy of the week" unit="kilocalories burned" dates={dates} values={burned} />
      </TileFrame>
    </div>
  )
}

export default async function DemoPage({ searchParams }: { searchParams: Promise<Query> }) {
  const note = toLineNote(await readNote(await searchParams), Date.now())
  const demo = await readDemo(runtime().config.apiUrl)
  return (
    <PageFrame
      title="The stream of somebody who does not exist"
      lead="Ninety days of invented data, read from the API when you open this page. Each reading says whether it came from the cache, and how many requests are left."
    >
      {demo.status === 'ready' && <Tiles demo={demo} />}
      {demo.status === 'limited' && (
        <p className="mt-10 text-mark" role="status">
          The demonstration was opened too often. It can be read again in {demo.seconds} s.
        </p>
      )}
      {demo.status === 'offline' && (
        <p className="mt-10 text-soft-ink" role="status">
          The API behind this demonstration does not answer right now. The rest of the site works without it.
        </p>
      )}
      {demo.status === 'ready' && (
        <form id="ingest" action="/api/demo/ingest" method="post" className="mt-12 scroll-mt-6">
          <SubmitLine id="ingest-note" label="Send new steps for today" note={note} />
          <p className="mt-3 max-w-[36rem] text-soft-ink">
            Everything that depends on today is invalidated at once, on every server: the next reading is a miss with
            the new number, and the one after it a hit.
          </p>
        </form>
      )}
    </PageFrame>
  )
}
