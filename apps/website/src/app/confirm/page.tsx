import type { Metadata } from 'next'
import { runtime } from '../../lib/runtime.ts'
import { buttonClass } from '../../sections/form-parts.tsx'
import { Notice } from '../../sections/notice.tsx'
import { only, type Query } from '../../sections/read-note.ts'
import { readPersonToken } from '../../waitlist/person-token.ts'

export const metadata: Metadata = { title: 'Confirm your place', robots: { index: false }, referrer: 'strict-origin' }

/** Opening the page does nothing: programs that scan mails open every link. The button does. */
export default async function ConfirmPage({ searchParams }: { searchParams: Promise<Query> }) {
  const token = only((await searchParams).token)
  const options = { purpose: 'mail-link', secret: runtime().secrets.cookie, now: new Date() } as const
  if (readPersonToken(token, options) === undefined) {
    return (
      <Notice title="This link has dried up.">
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
        <button type="submit" className={buttonClass}>
          Take my place
        </button>
      </form>
    </Notice>
  )
}
