import { longestMessage } from '../contact/contact-input.ts'
import { fieldClass, LabelledField } from './form-parts.tsx'
import type { LineNote } from './note-line.tsx'
import { SubmitLine } from './submit-line.tsx'

interface Typed {
  readonly name: string
  readonly email: string
  readonly subject: string
  readonly message: string
}

const lines = [
  { name: 'name', label: 'Your name', type: 'text', max: 100, autoComplete: 'name' },
  { name: 'email', label: 'Your e-mail address', type: 'email', max: 255, autoComplete: 'email' },
  { name: 'subject', label: 'What is it about?', type: 'text', max: 150, autoComplete: 'off' },
] as const

/** A plain form, with and without JavaScript. `submission` makes sending it twice the same as once. */
export function ContactForm(props: {
  submission: string
  fields: Typed | undefined
  faults: readonly { readonly field: string; readonly detail: string }[]
  note: LineNote | undefined
}) {
  const { submission, fields, faults, note } = props
  const faultOf = (name: string): string | undefined => faults.find(({ field }) => field === name)?.detail
  const hintOf = (name: string) => {
    const fault = faultOf(name)
    return fault === undefined ? undefined : <span className="text-mark">This field {fault}.</span>
  }
  const isMessageLost = fields !== undefined && fields.message === '' && faultOf('message') === undefined
  return (
    <form id="write" action="/api/contact" method="post" className="mt-10 grid max-w-[36rem] scroll-mt-6 gap-5">
      <input type="hidden" name="submission" value={submission} />
      {lines.map(({ name, label, type, max, autoComplete }) => (
        <LabelledField key={name} id={name} label={label} hint={hintOf(name)}>
          <input
            id={name}
            name={name}
            type={type}
            required
            maxLength={max}
            autoComplete={autoComplete}
            defaultValue={fields?.[name] ?? ''}
            aria-describedby={`${name}-hint`}
            aria-invalid={faultOf(name) !== undefined}
            className={fieldClass}
          />
        </LabelledField>
      ))}
      <LabelledField
        id="message"
        label="Your message"
        hint={
          hintOf('message') ??
          (isMessageLost ? 'The text was too long to bring back here. Your browser’s back button has it.' : undefined)
        }
      >
        <textarea
          id="message"
          name="message"
          required
          rows={8}
          maxLength={longestMessage}
          defaultValue={fields?.message ?? ''}
          aria-describedby="message-hint"
          aria-invalid={faultOf('message') !== undefined}
          className={`${fieldClass} py-3`}
        />
      </LabelledField>
      <div>
        <SubmitLine id="write-note" label="Send it" note={note} />
      </div>
    </form>
  )
}
