import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { QuizForm } from './quiz-form.tsx'

/** A longer way onto the list, for those who like to say what they hope for. */
export function Quiz(props: { note: VisitorNote | undefined; nowMs: number; referralCode: string | undefined }) {
  return (
    <section
      id="quiz"
      aria-labelledby="quiz-title"
      className="mx-auto max-w-[76rem] scroll-mt-6 px-5 py-20 sm:px-8 sm:py-28"
    >
      <div className="grid gap-x-16 gap-y-10 lg:grid-cols-[22rem_1fr]">
        <div>
          <h2 id="quiz-title" className="text-[clamp(2rem,5vw,3.1rem)]">
            Three questions on the way
          </h2>
          <p className="mt-4 text-soft-ink">
            Nobody has to answer them, and they move nobody up or down. They tell us which devices to tap first.
          </p>
        </div>
        <div className="min-w-0 max-w-[42rem]">
          <QuizForm {...props} />
        </div>
      </div>
    </section>
  )
}
