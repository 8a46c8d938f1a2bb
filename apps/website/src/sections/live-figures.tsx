'use client'
import { useEffect, useState } from 'react'
import type { WaitlistStats } from '../waitlist/stats.ts'
import { type Reading, watchFigures } from './watch-figures.ts'

const stateText = {
  rendered: 'As of when this page loaded',
  streamed: 'Live: it rises as people join',
  polled: 'Read every twelve seconds',
  paused: 'Paused: this network asked too often',
  offline: 'You are offline: the last reading stays',
  failed: 'No new reading: the last one stays',
} as const

function Figure({ value, label }: { value: number | undefined; label: string }) {
  return (
    <div className="flex flex-col-reverse justify-end border-t border-on-water/40 pt-4">
      <dt className="text-[1.05rem] text-on-water-soft">{label}</dt>
      <dd className="text-[3rem] leading-[1.05] tracking-[-0.02em] tabular-nums sm:text-[3.6rem]">
        {value === undefined ? '–' : value.toLocaleString('en')}
      </dd>
    </div>
  )
}

/** The list's figures: those of the server's rendering, and newer ones where there is JavaScript. */
export function LiveFigures({ initial }: { initial: WaitlistStats | undefined }) {
  const [stats, setStats] = useState(initial)
  const [kind, setKind] = useState<Reading['kind'] | 'rendered'>(initial === undefined ? 'failed' : 'rendered')
  useEffect(
    () =>
      watchFigures((reading) => {
        setKind(reading.kind)
        if ('stats' in reading) setStats(reading.stats)
      }),
    [],
  )
  return (
    <>
      <dl
        className="grid gap-x-12 gap-y-8 sm:grid-cols-[repeat(auto-fit,minmax(min(100%,8.5rem),1fr))]"
        data-testid="figures"
      >
        <Figure
          value={stats?.totalSignups}
          label={stats?.totalSignups === 1 ? 'person on the list' : 'people on the list'}
        />
        <Figure value={stats?.foundingMembersLeft} label="of 30 founding places free" />
        <Figure value={stats?.totalReferrals} label="brought by a friend" />
      </dl>
      <p className="map-label mt-8 min-h-[1.6em] text-on-water-soft" data-testid="figures-state">
        {stateText[kind]}
      </p>
    </>
  )
}
