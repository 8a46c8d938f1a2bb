import { randomUUID } from 'node:crypto'
import type { Metadata } from 'next'
import { ContactForm } from '../../sections/contact-form.tsx'
import { targetClass } from '../../sections/form-parts.tsx'
import { Notice } from '../../sections/notice.tsx'
import { PageFrame } from '../../sections/page-frame.tsx'
import { outcomeTitle, type Query, readNote, toLineNote } from '../../sections/read-note.ts'

export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  return { title: await outcomeTitle(await searchParams, 'Write to us') }
}

export default async function ContactPage({ searchParams }: { searchParams: Promise<Query> }) {
  const note = await readNote(await searchParams)
  if (note?.kind === 'contact-sent') {
    return (
      <Notice title="It has arrived.">
        <p id="write-note" role="status" tabIndex={-1} className={targetClass}>
          A person reads your message and answers. Its number is{' '}
          <strong className="font-semibold whitespace-nowrap">{note.ticket}</strong>; a short receipt is on its way to
          your address.
        </p>
        <p className="mt-4">
          <a href="/">Back to the source</a>
        </p>
      </Notice>
    )
  }
  const held = note?.kind === 'contact-held' ? note : undefined
  return (
    <PageFrame
      title="Write to us"
      lead="Questions, ideas, a device that should be read, or a wish to be forgotten: everything is read by a person."
    >
      <ContactForm
        submission={(held?.why.kind === 'failed' ? held.why.submission : undefined) ?? randomUUID()}
        fields={held?.fields}
        faults={held?.why.kind === 'faults' ? held.why.faults : []}
        note={toLineNote(note, Date.now())}
      />
    </PageFrame>
  )
}
