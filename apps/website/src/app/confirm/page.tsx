import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { cache } from 'react'
import { setPageStatus } from '../../lib/page-status.ts'
import { runtime } from '../../lib/runtime.ts'
import { AskForLink } from '../../sections/ask-for-link.tsx'
import { Notice } from '../../sections/notice.tsx'
import { only, outcomeTitle, type Query, readNote, toLineNote } from '../../sections/read-note.ts'
import { SubmitLine } from '../../sections/submit-line.tsx'
import { readConfirmation } from '../../waitlist/confirm.ts'
import { readPersonCookie, readPersonToken } from '../../waitlist/person-token.ts'

type Link =
  /** Expired, damaged, or of somebody who has left. */
  { readonly state: 'dry' } | { readonly state: 'pending' | 'confirmed'; readonly isAnothers: boolean }

/** Once for the page and its title. While the database is away a link counts as one to confirm: its button says the rest. */
const readLink = cache(async (token: string | undefined): Promise<Link> => {
  const { secrets, database } = runtime()
  const [secret, now] = [secrets.cookie, new Date()]
  const id = readPersonToken(token, { purpose: 'mail-link', secret, now })
  if (id === undefined) return { state: 'dry' }
  const state = await readConfirmation(database.db, id).catch(() => 'pending' as const)
  if (state === 'gone') return { state: 'dry' }
  const known = readPersonCookie((await headers()).get('cookie'), { secret, now })
  return { state, isAnothers: known !== undefined && known !== id }
})

const dried = 'This link has dried up'

export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  const query = await searchParams
  const { state } = await readLink(only(query.token))
  const title = state === 'dry' ? dried : await outcomeTitle(query, 'Confirm your place')
  return { title, robots: { index: false }, referrer: 'strict-origin' }
}

const words = {
  pending: {
    title: 'One step to the water.',
    text: 'Press the button to confirm that this address is yours. Your place is set at that moment.',
    label: 'Take my place',
  },
  confirmed: {
    title: 'Your place is yours.',
    text: 'This address is confirmed, and its place is kept. Press the button to see it in this browser.',
    label: 'Show my place',
  },
} as const

/** Opening the page does nothing: programs that scan mails open every link. The button does. */
export default async function ConfirmPage({ searchParams }: { searchParams: Promise<Query> }) {
  const query = await searchParams
  const token = only(query.token)
  const link = await readLink(token)
  if (link.state === 'dry') {
    if (token !== undefined) setPageStatus(410)
    return (
      <Notice title={`${dried}.`} isDry>
        <p>It has expired, was only partly copied, or its place was given up. Ask for a new one:</p>
        <AskForLink note={undefined} email="" />
      </Notice>
    )
  }
  const { title, text, label } = words[link.state]
  return (
    <Notice title={title}>
      <p>{text}</p>
      {link.isAnothers && <p className="mt-4">This browser shows another place now, and will show this one instead.</p>}
      <form action="/api/waitlist/confirm" method="post" className="mt-7">
        <input type="hidden" name="token" value={token} />
        <SubmitLine id="confirm-note" label={label} note={toLineNote(await readNote(query), Date.now())} />
      </form>
    </Notice>
  )
}
