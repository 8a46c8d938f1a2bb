import type { Metadata } from 'next'
import { runtime } from '../../lib/runtime.ts'
import { Notice } from '../../sections/notice.tsx'
import { only, outcomeTitle, type Query, readNote, toLineNote } from '../../sections/read-note.ts'
import { SubmitLine } from '../../sections/submit-line.tsx'
import { readPersonToken } from '../../waitlist/person-token.ts'

export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  const title = await outcomeTitle(await searchParams, 'Confirm your place')
  return { title, robots: { index: false }, referrer: 'strict-origin' }
}

/** Opening the page does nothing: programs that scan mails open every link. The button does. */
export default async function ConfirmPage({ searchParams }: { searchParams: Promise<Query> }) {
  const query = await searchParams
  const token = only(query.token)
  const options = { purpose: 'mail-link', secret: runtime().secrets.cookie, now: new Date() } as const
  if (readPersonToken(token, options) === undefined) {
    return (
      <Notice title="This link has dried up." isDry>
        <p>It has expired, or it was copied only in part. Nothing is lost.</p>
        <p className="mt-4">
          <a href="/me">Ask for a new link</a>
        </p>
      </Notice>
    )
  }
  return (
    <Notice title="One step to the water.">
      <p>Press the button to confirm that this address is yours. Your place is drawn at that moment.</p>
      <form action="/api/waitlist/confirm" method="post" className="mt-7">
        <input type="hidden" name="token" value={token} />
        <SubmitLine id="confirm-note" label="Take my place" note={toLineNote(await readNote(query), Date.now())} />
      </form>
    </Notice>
  )
}
