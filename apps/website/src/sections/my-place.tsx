import type { Quiz } from '../waitlist/join-input.ts'
import type { PersonStatus } from '../waitlist/ranking.ts'
import { AskForLink } from './ask-for-link.tsx'
import { fieldClass, LabelledField, warningButtonClass } from './form-parts.tsx'
import { type LineNote, NoteLine } from './note-line.tsx'
import { QuizOfPerson } from './quiz-form.tsx'
import { ShareLink } from './share-link.tsx'
import { SubmitLine } from './submit-line.tsx'

const friends = (count: number): string => (count === 1 ? '1 friend' : `${count} friends`)

function Place({ status }: { status: PersonStatus }) {
  const { position, totalSignups, tier } = status
  return (
    <section aria-labelledby="place-title" className="on-water bg-water px-6 py-9 text-on-water sm:px-10">
      <h2 id="place-title" className="text-[1.4rem] italic">
        Your place
      </h2>
      <p className="mt-2 text-[4.4rem] leading-none tracking-[-0.03em] tabular-nums" data-testid="place">
        {position.toLocaleString('en')}
      </p>
      <p className="mt-3 text-on-water-soft">of {totalSignups.toLocaleString('en')} on the list</p>
      {tier === 'founding' && <p className="mt-3">You are one of the thirty founding members.</p>}
    </section>
  )
}

function Friends({ status, origin }: { status: PersonStatus; origin: string }) {
  const { referralCount, pendingReferrals, referralCode } = status
  return (
    <section aria-labelledby="friends-title">
      <h2 id="friends-title" className="text-[1.9rem]">
        {referralCount === 0 ? 'Bring a friend' : `You brought ${friends(referralCount)}`}
      </h2>
      <p className="mt-3 mb-5 max-w-[34rem] text-soft-ink">
        Each friend who joins by your link and confirms moves you five places up.
        {pendingReferrals > 0 && ` ${friends(pendingReferrals)} joined by it without confirming yet.`}
      </p>
      <ShareLink referralCode={referralCode} origin={origin} />
    </section>
  )
}

function NameForm({ displayName, note }: { displayName: string; note: LineNote | undefined }) {
  return (
    <form id="name" action="/api/waitlist/name" method="post" className="max-w-[34rem] scroll-mt-6">
      <LabelledField
        id="displayName"
        label="Your name on the leaderboard"
        hint="Everybody can read it there. Leave it empty to appear under an invented one."
      >
        <input
          id="displayName"
          name="displayName"
          maxLength={40}
          autoComplete="nickname"
          defaultValue={displayName}
          aria-describedby="displayName-hint"
          aria-invalid={note?.kind === 'invalid'}
          className={fieldClass}
        />
      </LabelledField>
      <div className="mt-4">
        <SubmitLine id="name-note" label="Save the name" note={note} />
      </div>
    </form>
  )
}

/** Two presses away, so that nobody leaves by mistake. */
function Leave() {
  return (
    <details className="disclosure max-w-[34rem] border-y border-rule">
      <summary className="flex items-baseline justify-between gap-6 py-4 text-[1.15rem]">
        Leave the list
        <span aria-hidden="true" className="fork font-sans text-[1.4rem] leading-none text-link">
          +
        </span>
      </summary>
      <form action="/api/waitlist/leave" method="post" className="pb-6">
        <p className="text-soft-ink">
          Your address, your place, your link and what you told us are deleted at once and cannot be brought back.
          Friends whom you brought stay; whoever brought you loses five places.
        </p>
        <button type="submit" className={`mt-5 ${warningButtonClass}`}>
          Delete my place
        </button>
      </form>
    </details>
  )
}

/** What a person sees about themselves. */
export function MyPlace(props: {
  status: PersonStatus
  /** Their answers, if they gave any. */
  quiz: Quiz | null
  origin: string
  /** What they typed as their name, when it was not saved. */
  name: string | undefined
  /** The address they typed to have a link sent to it, when it was not taken. */
  email: string
  note: LineNote | undefined
  /** The form beside which the note stands. */
  at: string | undefined
}) {
  const { status, quiz, origin, name, email, note, at } = props
  return (
    <div className="mt-12 grid gap-x-16 gap-y-12 lg:grid-cols-[24rem_1fr]">
      <div>
        <Place status={status} />
        {/* Of a link that this browser did not need, or of one to another place, for which it has to ask. */}
        {at === 'link' && note?.kind === 'done' && <NoteLine id="link-note" note={note} />}
        {at === 'link' && note?.kind !== 'done' && <AskForLink note={note} email={email} />}
      </div>
      <div className="grid gap-14">
        <Friends status={status} origin={origin} />
        <NameForm
          displayName={(at === 'name' ? name : undefined) ?? status.displayName ?? ''}
          note={at === 'name' ? note : undefined}
        />
        <section id="quiz" aria-labelledby="quiz-title" className="scroll-mt-6">
          <h2 id="quiz-title" className="text-[1.9rem]">
            {quiz === null ? 'Three questions while you wait' : 'What you told us'}
          </h2>
          <QuizOfPerson quiz={quiz ?? undefined}>
            <NoteLine id="quiz-note" note={at === 'quiz' ? note : undefined} />
          </QuizOfPerson>
        </section>
        <Leave />
      </div>
    </div>
  )
}
