'use client'
import { type FormEvent, type ReactNode, useCallback, useRef, useState } from 'react'
import type { Quiz } from '../waitlist/join-input.ts'
import { quizQuestions } from '../waitlist/quiz-questions.ts'
import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { buttonClass, emailInput, fieldClass, quietButtonClass } from './form-parts.tsx'
import { JoinStatus, toJoinState } from './join-status.tsx'
import { joinedEvent } from './joined-event.ts'
import { JoinedPanel } from './joined-panel.tsx'
import { type JoinState, postJoin } from './post-join.ts'
import { Choices, GoalField, Step } from './quiz-fields.tsx'
import { StepProgress } from './step-progress.tsx'
import { useHydrated } from './use-hydrated.ts'
import { useSteps } from './use-steps.ts'

const { apps, frustrations, goal } = quizQuestions
const questions = [apps, frustrations, goal] as const

function Moves(props: { current: number; isLast: boolean; go: (to: number) => void; children?: ReactNode }) {
  const { current, isLast, go, children } = props
  return (
    <div className="mt-7 flex flex-wrap gap-3">
      {!isLast && (
        <button type="button" onClick={() => go(current + 1)} className={`stepping ${buttonClass}`}>
          Next
        </button>
      )}
      {children}
      {current > 0 && (
        <button type="button" onClick={() => go(current - 1)} className={`stepping ${quietButtonClass} min-h-12`}>
          Back
        </button>
      )}
    </div>
  )
}

function ThreeSteps({ current, of, quiz }: { current: number; of: number; quiz: Quiz | undefined }) {
  return questions.map(({ question }, index) => (
    <Step key={question} at={index + 1} of={of} isCurrent={index === current} question={question}>
      {index === 0 && <Choices name="apps" quiz={quiz} />}
      {index === 1 && <Choices name="frustrations" quiz={quiz} />}
      {index === 2 && <GoalField quiz={quiz} />}
    </Step>
  ))
}

/** Answers of one who is on the list: three steps, or one form without JavaScript. Posted as a form either way. */
export function QuizOfPerson({ quiz, children }: { quiz: Quiz | undefined; children: ReactNode }) {
  const { current, isLast, isStepped, form, go } = useSteps(questions.length)
  const advance = (event: FormEvent<HTMLFormElement>) => {
    if (isLast) return
    event.preventDefault()
    go(current + 1)
  }
  return (
    <form
      ref={form}
      action="/api/waitlist/quiz"
      method="post"
      onSubmit={advance}
      data-stepped={isStepped ? '' : undefined}
      className="steps mt-6 max-w-[38rem]"
    >
      <div className="grid gap-9">
        <ThreeSteps current={current} of={questions.length} quiz={quiz} />
      </div>
      <Moves current={current} isLast={isLast} go={go}>
        <button type="submit" data-off={isLast ? undefined : ''} className={buttonClass}>
          Send the answers
        </button>
      </Moves>
      {children}
    </form>
  )
}

function readAnswers(data: FormData): Quiz | undefined {
  const of = (name: string): string[] => data.getAll(`${name}[]`).map(String)
  const quiz = { apps: of('apps'), frustrations: of('frustrations'), goal: String(data.get('goal') ?? '') }
  return quiz.apps.length + quiz.frustrations.length + quiz.goal.length === 0 ? undefined : quiz
}

/** The quiz with the address as its fourth step: joins in place with JavaScript, and is one plain form without it. */
export function QuizForm(props: { note: VisitorNote | undefined; nowMs: number; referralCode: string | undefined }) {
  const { note, nowMs, referralCode } = props
  const held = note !== undefined && 'quiz' in note && note.quiz !== undefined ? note : undefined
  const [state, setState] = useState<JoinState>(() => toJoinState(held, nowMs))
  const { current, isLast, isStepped, form, go } = useSteps(questions.length + 1)
  const field = useRef<HTMLInputElement>(null)
  const isHydrated = useHydrated()
  const isBlocked = isHydrated && (state.status === 'sending' || state.status === 'waiting')
  const onWaited = useCallback(() => setState({ status: 'ready-again' }), [])

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isBlocked) return
    if (!isLast) return go(current + 1)
    if (field.current?.checkValidity() === false) {
      setState({ status: 'invalid', detail: 'This is not an e-mail address yet, such as ada@example.org.' })
      return field.current.focus()
    }
    const data = new FormData(event.currentTarget)
    setState({ status: 'sending' })
    const email = String(data.get('email'))
    const next = await postJoin({ email, referralCode: referralCode ?? '', quiz: readAnswers(data) })
    setState(next)
    if (next.status === 'invalid') field.current?.focus()
    if (next.status === 'joined') window.dispatchEvent(new Event(joinedEvent))
  }

  if (state.status === 'joined') return <JoinedPanel answer={state.answer} titleId="quiz-joined" />
  const of = questions.length + 1
  return (
    <form
      ref={form}
      action="/api/waitlist/join"
      method="post"
      onSubmit={submit}
      noValidate={isHydrated}
      data-stepped={isStepped ? '' : undefined}
      className="steps"
    >
      <StepProgress names={[...questions.map(({ step }) => step), 'Mouth']} current={current} />
      <div className="grid gap-9">
        <ThreeSteps current={current} of={of} quiz={held?.quiz} />
        <Step at={of} of={of} isCurrent={isLast} question="Where may we write to you?">
          <p id="quiz-email-hint" className="mt-2 text-soft-ink">
            {referralCode === undefined ? '' : 'A friend sent you: they move up when you join. '}
            One mail to confirm, one when it is your turn.
          </p>
          <input
            ref={field}
            {...emailInput}
            spellCheck={false}
            aria-label="An address to write to"
            aria-invalid={state.status === 'invalid'}
            aria-describedby="quiz-note quiz-email-hint"
            placeholder="you@example.org"
            defaultValue={held?.email ?? ''}
            className={`mt-5 ${fieldClass}`}
          />
          {referralCode !== undefined && <input type="hidden" name="referralCode" value={referralCode} />}
        </Step>
      </div>
      <Moves current={current} isLast={isLast} go={go}>
        <button type="submit" aria-disabled={isBlocked} data-off={isLast ? undefined : ''} className={buttonClass}>
          {state.status === 'sending' ? 'Sending…' : 'Join with these answers'}
        </button>
      </Moves>
      <JoinStatus id="quiz-note" state={state} onWaited={onWaited} />
    </form>
  )
}
