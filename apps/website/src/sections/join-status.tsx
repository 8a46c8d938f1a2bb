'use client'
import type { ReactNode } from 'react'
import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { targetClass } from './form-parts.tsx'
import type { JoinState } from './post-join.ts'
import { useCountdown } from './use-countdown.ts'

/** What the form shows at first: what came of one that was posted without JavaScript. `nowMs` is the server's clock. */
export function toJoinState(note: VisitorNote | undefined, nowMs: number): JoinState {
  switch (note?.kind) {
    case undefined:
      return { status: 'idle' }
    case 'joined':
      return { status: 'joined', answer: note }
    case 'done':
    case 'contact-sent':
    case 'contact-held':
      return { status: 'idle' }
    case 'invalid':
    case 'failed':
      return { status: note.kind, detail: note.detail }
    case 'wait': {
      const seconds = Math.ceil((note.untilMs - nowMs) / 1000)
      return seconds > 0 ? { status: 'waiting', seconds } : { status: 'ready-again' }
    }
    default:
      return note satisfies never
  }
}

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
export function JoinStatus({ id, state, onWaited }: { id: string; state: JoinState; onWaited: () => void }) {
  const tone = state.status === 'ready-again' ? 'text-link' : 'text-mark'
  return (
    <p id={id} role="status" tabIndex={-1} className={`${targetClass} mt-1 min-h-[1.55em] text-[1rem] ${tone}`}>
      {text(state, onWaited)}
    </p>
  )
}
