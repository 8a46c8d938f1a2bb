'use client'
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react'
import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { emailInput } from './form-parts.tsx'
import { JoinStatus, toJoinState } from './join-status.tsx'
import { joinedEvent } from './joined-event.ts'
import { JoinedPanel } from './joined-panel.tsx'
import { type JoinState, postJoin } from './post-join.ts'
import { useHydrated } from './use-hydrated.ts'

/**
 * One field. Without JavaScript it is a plain form whose answer comes back as `note`; with it, the same request is made
 * in place. `nowMs` is the server's clock, so that a wait is counted without trusting the visitor's.
 */
export function JoinForm(props: { note: VisitorNote | undefined; nowMs: number; referralCode: string | undefined }) {
  const { note, nowMs, referralCode } = props
  // What came of the quiz stands beside the quiz.
  const own = note !== undefined && 'quiz' in note && note.quiz !== undefined ? undefined : note
  const [state, setState] = useState<JoinState>(() => toJoinState(own, nowMs))
  const field = useRef<HTMLInputElement>(null)
  const isHydrated = useHydrated()
  const isBlocked = isHydrated && (state.status === 'sending' || state.status === 'waiting')
  const onWaited = useCallback(() => setState({ status: 'ready-again' }), [])

  useEffect(() => {
    // The note belongs to one post; a reload or a shared address should show the plain page. The fragment stays: the browser may not have jumped to it yet.
    if (note !== undefined) window.history.replaceState(window.history.state, '', `/${window.location.hash}`)
  }, [note])

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBlocked) return
    if (field.current?.checkValidity() === false) {
      setState({ status: 'invalid', detail: 'This is not an e-mail address yet, such as ada@example.org.' })
      field.current.focus()
      return
    }
    const data = new FormData(event.currentTarget)
    const fields = { email: String(data.get('email')), referralCode: String(data.get('referralCode') ?? '') }
    setState({ status: 'sending' })
    const next = await postJoin(fields)
    setState(next)
    if (next.status === 'invalid') field.current?.focus()
    if (next.status === 'joined') window.dispatchEvent(new Event(joinedEvent))
  }

  if (state.status === 'joined') return <JoinedPanel answer={state.answer} titleId="join-note" />
  const isInvalid = state.status === 'invalid'
  return (
    <form action="/api/waitlist/join" method="post" onSubmit={submit} noValidate={isHydrated}>
      <label htmlFor="email" className="block text-[1.05rem]">
        Your e-mail address
      </label>
      <div className="mt-2 flex flex-wrap gap-3">
        <input
          ref={field}
          id="email"
          {...emailInput}
          inputMode="email"
          spellCheck={false}
          placeholder="you@example.org"
          defaultValue={own !== undefined && 'email' in own ? own.email : ''}
          aria-invalid={isInvalid}
          aria-describedby="join-note join-promise"
          className="min-h-12 min-w-0 grow basis-56 rounded-md border border-field bg-sheet px-4 font-sans text-base text-ink placeholder:text-soft-ink aria-invalid:border-2 aria-invalid:border-mark"
        />
        {referralCode !== undefined && <input type="hidden" name="referralCode" value={referralCode} />}
        <button
          type="submit"
          aria-disabled={isBlocked}
          className="min-h-12 grow rounded-md border-2 border-transparent bg-action px-6 font-sans text-base font-medium text-on-action hover:bg-action-hover aria-disabled:cursor-not-allowed aria-disabled:bg-rule aria-disabled:text-soft-ink sm:grow-0"
        >
          {state.status === 'sending' ? 'Sending…' : 'Join the list'}
        </button>
      </div>
      <p id="join-promise" className="mt-3 text-[0.95rem] text-soft-ink">
        {referralCode === undefined ? '' : 'A friend sent you: they move up when you join. '}
        Two mails at most: one to confirm, one when it is your turn.
      </p>
      <JoinStatus id="join-note" state={state} onWaited={onWaited} />
    </form>
  )
}
