'use client'
import { useEffect, useState } from 'react'
import type { WaitlistStats } from '../waitlist/stats.ts'
import { joinedEvent } from './join-form.tsx'
import { readRetryAfter } from './post-join.ts'
import { readFigures } from './read-answer.ts'
import { useHydrated } from './use-hydrated.ts'

const pollMs = 12_000

type Reading =
  | { readonly kind: 'live'; readonly stats: WaitlistStats }
  | { readonly kind: 'paused' | 'offline' | 'failed' }

interface Result {
  readonly reading: Reading
  /** Milliseconds until the next request makes sense. */
  readonly nextMs: number
}

async function read(signal: AbortSignal): Promise<Result> {
  const response = await fetch('/api/waitlist/stats', { signal })
  if (response.status === 429) return { reading: { kind: 'paused' }, nextMs: readRetryAfter(response.headers) * 1000 }
  if (!response.ok) return { reading: { kind: 'failed' }, nextMs: pollMs * 2 }
  return { reading: { kind: 'live', stats: readFigures(await response.json()) }, nextMs: pollMs }
}

/** Asks for the figures every 12 seconds while the page can be seen; a 429 pauses it for as long as it says. */
function poll(onReading: (reading: Reading) => void): () => void {
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let earliest = 0
  const ask = async (): Promise<void> => {
    clearTimeout(timer)
    const waitMs = earliest - performance.now()
    if (document.hidden || waitMs > 0) {
      if (waitMs > 0) timer = setTimeout(ask, waitMs)
      return
    }
    const result = await read(stopped.signal).catch(
      (): Result => ({ reading: { kind: navigator.onLine ? 'failed' : 'offline' }, nextMs: pollMs }),
    )
    if (stopped.signal.aborted) return
    if (result.reading.kind === 'paused') earliest = performance.now() + result.nextMs
    onReading(result.reading)
    timer = setTimeout(ask, result.nextMs)
  }
  timer = setTimeout(ask, pollMs)
  const options = { signal: stopped.signal }
  document.addEventListener('visibilitychange', ask, options)
  window.addEventListener('online', ask, options)
  window.addEventListener(joinedEvent, ask, options)
  return () => {
    clearTimeout(timer)
    stopped.abort()
  }
}

const stateText = {
  live: 'Read every twelve seconds',
  paused: 'Paused: this network asked too often',
  offline: 'You are offline: the last reading stays',
  failed: 'No new reading: the last one stays',
} as const

function Figure({ value, label }: { value: number | undefined; label: string }) {
  return (
    <div className="flex flex-col-reverse border-t border-on-water/40 pt-4">
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
  const [kind, setKind] = useState<Reading['kind']>(initial === undefined ? 'failed' : 'live')
  const isHydrated = useHydrated()
  useEffect(
    () =>
      poll((reading) => {
        setKind(reading.kind)
        if (reading.kind === 'live') setStats(reading.stats)
      }),
    [],
  )
  return (
    <>
      <dl className="grid gap-x-12 gap-y-8 sm:grid-cols-3" data-testid="figures">
        <Figure value={stats?.totalSignups} label="people on the list" />
        <Figure value={stats?.foundingMembersLeft} label="of 30 founding places free" />
        <Figure value={stats?.totalReferrals} label="brought by a friend" />
      </dl>
      <p className="map-label mt-8 min-h-[1.6em] text-on-water-soft">
        {isHydrated || kind !== 'live' ? stateText[kind] : 'As of this page’s loading'}
      </p>
    </>
  )
}
