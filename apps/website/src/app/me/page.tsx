import { eq } from 'drizzle-orm'
import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { signups } from '../../db/schema.ts'
import { runtime } from '../../lib/runtime.ts'
import { AskForLink } from '../../sections/ask-for-link.tsx'
import { MyPlace } from '../../sections/my-place.tsx'
import { PageFrame } from '../../sections/page-frame.tsx'
import { pageOrCloudy } from '../../sections/page-or-cloudy.tsx'
import { only, outcomeTitle, type Query, readNote, toLineNote } from '../../sections/read-note.ts'
import type { Quiz } from '../../waitlist/join-input.ts'
import { readPersonCookie } from '../../waitlist/person-token.ts'
import { type PersonStatus, readPersonStatus } from '../../waitlist/ranking.ts'
import type { VisitorNote } from '../../waitlist/visitor-note.ts'

export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  return { title: await outcomeTitle(await searchParams, 'Your place'), robots: { index: false } }
}

async function readStatus(): Promise<{ status: PersonStatus; quiz: Quiz | null } | undefined> {
  const { secrets, database } = runtime()
  const cookie = (await headers()).get('cookie')
  const id = readPersonCookie(cookie, { secret: secrets.cookie, now: new Date() })
  if (id === undefined) return undefined
  const status = await readPersonStatus(database.db, id)
  const [row] = await database.db.select({ quiz: signups.quiz }).from(signups).where(eq(signups.id, id))
  return status && { status, quiz: row?.quiz ?? null }
}

function toPage(person: Awaited<ReturnType<typeof readStatus>>, note: VisitorNote | undefined) {
  const line = toLineNote(note, Date.now())
  const email = note !== undefined && 'email' in note ? note.email : ''
  if (person !== undefined) {
    const held = note !== undefined && 'quiz' in note ? note.quiz : undefined
    return (
      <PageFrame title="You are in the stream.">
        <MyPlace
          status={person.status}
          quiz={held ?? person.quiz}
          origin={runtime().publicUrl() ?? ''}
          name={note !== undefined && 'name' in note ? note.name : undefined}
          email={email}
          note={line}
          at={note !== undefined && 'at' in note ? note.at : undefined}
        />
      </PageFrame>
    )
  }
  return (
    <PageFrame
      title="Where do you stand?"
      lead="This browser does not know you yet. A link that is sent to your address shows your place, and nobody else’s."
    >
      <AskForLink note={line} email={email} />
      <p className="mt-6 text-soft-ink">
        Not on the list? <a href="/#join">Join it</a>.
      </p>
    </PageFrame>
  )
}

export default async function MePage({ searchParams }: { searchParams: Promise<Query> }) {
  const query = await searchParams
  const note = await readNote(query)
  const [id, line] = [only(query.note), toLineNote(note, Date.now())]
  const at = note !== undefined && 'at' in note ? note.at : undefined
  const form = id === undefined || line === undefined || at === undefined ? undefined : { id, line, at }
  return pageOrCloudy('/me', { read: readStatus, show: (person) => toPage(person, note), form })
}
