import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { runtime } from '../../../lib/runtime.ts'
import { readLocalMails } from '../../../mail/local-mailbox.ts'
import { PageFrame } from '../../../sections/page-frame.tsx'
import { pageOrCloudy } from '../../../sections/page-or-cloudy.tsx'

export const metadata: Metadata = { title: 'Local mailbox', robots: { index: false } }

/** Addresses of this site become links, the rest is text. */
function Body({ text }: { text: string }) {
  return text.split(/(https?:\/\/\S+)/).map((part, index) => {
    const path = URL.canParse(part) ? `${new URL(part).pathname}${new URL(part).search}` : undefined
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a mail never move.
    return path === undefined ? part : <a key={index} href={path} className="break-all">{`${part.slice(0, 60)}…`}</a>
  })
}

function Mailbox({ mails }: { mails: Awaited<ReturnType<typeof readLocalMails>> }) {
  return (
    <PageFrame
      title="Local mailbox"
      lead="Development only: no mail leaves this machine. With a mail provider, or in production, this page is not there."
    >
      {mails.length === 0 && <p className="mt-10">No mail yet. Reload after a join; it takes a second or two.</p>}
      <ol className="mt-10 grid gap-8">
        {mails.map((mail) => (
          <li key={mail.id} className="border-t border-rule pt-5">
            <h2 className="text-[1.3rem]">{mail.subject}</h2>
            <p className="map-label mt-1 text-soft-ink">
              to {mail.recipient}, {mail.createdAt.toISOString().slice(0, 19).replace('T', ' ')} UTC
            </p>
            <div className="mt-4 max-w-[42rem] whitespace-pre-line text-[1rem]">
              <Body text={mail.body} />
            </div>
          </li>
        ))}
      </ol>
    </PageFrame>
  )
}

/** Every mail of this machine, so that a flow can be completed offline. It does not exist in production. */
export default async function LocalMailboxPage() {
  const { hasLocalMailbox, database } = runtime()
  if (!hasLocalMailbox) notFound()
  return pageOrCloudy('/dev/mail', {
    read: () => readLocalMails(database.db),
    show: (mails) => <Mailbox mails={mails} />,
  })
}
