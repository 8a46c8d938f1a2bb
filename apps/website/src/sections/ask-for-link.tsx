import { emailInput, fieldClass, LabelledField } from './form-parts.tsx'
import type { LineNote } from './note-line.tsx'
import { SubmitLine } from './submit-line.tsx'

/** Has a link sent to an address, whoever's browser it is. `email` is what was typed in it before. */
export function AskForLink({ note, email }: { note: LineNote | undefined; email: string }) {
  return (
    <form id="link" action="/api/waitlist/link" method="post" className="mt-10 max-w-[34rem] scroll-mt-6">
      <LabelledField
        id="email"
        label="The address you joined with"
        hint="The answer is the same whether it is on the list or not; only its owner gets a mail."
      >
        <input id="email" {...emailInput} defaultValue={email} aria-describedby="email-hint" className={fieldClass} />
      </LabelledField>
      <div className="mt-4">
        <SubmitLine id="link-note" label="Send me my link" note={note} />
      </div>
    </form>
  )
}
