'use client'
import type { ReactNode } from 'react'
import type { JoinState } from './post-join.ts'
import { useCountdown } from './use-countdown.ts'

function Waiting({ seconds, onWaited }: { seconds: number; onWaited: () => void }) {
  const left = useCountdown(seconds, onWaited)
  return (
    <>
      Too many tries from your network. You can send this again in{' '}
      {/* Read aloud once, at its start: a number that changes every second would be read every second. */}
      <span className="sr-only">{seconds} seconds.</span>
      <strong aria-hidden="true" className="font-semibold tabular-nums">
        {left} s
      </strong>
    </>
  )
}

function text(state: JoinState, onWaited: () => void): ReactNode {
  switch (state.status) {
    case 'invalid':
    case 'failed':
      return state.detail
    case 'waiting':
      return <Waiting key={state.seconds} seconds={state.seconds} onWaited={onWaited} />
    case 'ready-again':
      return 'You can send it now.'
    case 'idle':
    case 'sending':
    case 'joined':
      return null
    default:
      return state satisfies never
  }
}

/** What is wrong or how long to wait. It always has the height of one line, so that nothing moves when it speaks. */
export function JoinStatus({ state, onWaited }: { state: JoinState; onWaited: () => void }) {
  const tone = state.status === 'ready-again' ? 'text-link' : 'text-mark'
  return (
    <p id="join-status" role="status" className={`mt-1 min-h-[1.55em] text-[1rem] ${tone}`}>
      {text(state, onWaited)}
    </p>
  )
}
