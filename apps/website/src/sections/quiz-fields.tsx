import type { ReactNode } from 'react'
import type { Quiz } from '../waitlist/join-input.ts'
import { longestGoal, quizQuestions } from '../waitlist/quiz-questions.ts'
import { fieldClass } from './form-parts.tsx'

/** A step of a form: its question is the legend, which takes the focus when the step comes up. */
export function Step(props: { at: number; of: number; isCurrent: boolean; question: string; children: ReactNode }) {
  const { at, of, isCurrent, question, children } = props
  return (
    <fieldset data-off={isCurrent ? undefined : ''} className="min-w-0">
      <legend tabIndex={-1} className="step-legend w-full text-[1.55rem] leading-tight outline-none">
        <span className="stepping map-label mb-2 text-soft-ink">
          Step {at} of {of}
        </span>
        {question}
      </legend>
      {children}
    </fieldset>
  )
}

/** Several answers to one question. `name` ends in `[]` on the wire, so that one answer is a list too. */
export function Choices({ name, quiz }: { name: 'apps' | 'frustrations'; quiz: Quiz | undefined }) {
  const { options, hint } = quizQuestions[name]
  const given: readonly string[] = quiz?.[name] ?? []
  return (
    <>
      <p className="mt-2 text-soft-ink">{hint}</p>
      <ul className="mt-5 flex flex-wrap gap-3">
        {options.map((option) => (
          <li key={option}>
            <label className="choice inline-flex min-h-12 cursor-pointer items-center gap-3 rounded-md border border-field px-4 py-2 font-sans text-[0.95rem] hover:border-link">
              <input
                type="checkbox"
                name={`${name}[]`}
                value={option}
                defaultChecked={given.includes(option)}
                className="size-5 shrink-0 accent-link"
              />
              {option}
            </label>
          </li>
        ))}
      </ul>
    </>
  )
}

export function GoalField({ quiz }: { quiz: Quiz | undefined }) {
  const { question, hint } = quizQuestions.goal
  return (
    <>
      <p id="goal-hint" className="mt-2 text-soft-ink">
        {hint}
      </p>
      <input
        name="goal"
        type="text"
        aria-label={question}
        aria-describedby="goal-hint"
        maxLength={longestGoal}
        autoComplete="off"
        defaultValue={quiz?.goal ?? ''}
        className={`mt-5 ${fieldClass}`}
      />
    </>
  )
}
