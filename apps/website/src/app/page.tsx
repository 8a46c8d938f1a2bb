import type { Metadata } from 'next'
import { Gauge } from '../sections/gauge.tsx'
import { Hero } from '../sections/hero.tsx'
import { HowItWorks } from '../sections/how-it-works.tsx'
import { Leaders } from '../sections/leaders.tsx'
import { Privacy } from '../sections/privacy.tsx'
import { Questions } from '../sections/questions.tsx'
import { Quiz } from '../sections/quiz.tsx'
import { only, outcomeTitle, type Query, readNote } from '../sections/read-note.ts'
import { readLeadersView, readStatsView } from '../sections/read-views.ts'
import { SampleReading } from '../sections/sample-reading.tsx'
import { referralCodePattern } from '../waitlist/referral-code.ts'

/** Without a note it is the layout's. */
export async function generateMetadata({ searchParams }: { searchParams: Promise<Query> }): Promise<Metadata> {
  const query = await searchParams
  return query.note === undefined ? {} : { title: await outcomeTitle(query, 'Headwater') }
}

export default async function HomePage({ searchParams }: { searchParams: Promise<Query> }) {
  const query = await searchParams
  const note = await readNote(query)
  const referralCode = only(query.ref)?.toUpperCase()
  const form = {
    note,
    nowMs: Date.now(),
    referralCode: referralCodePattern.test(referralCode ?? '') ? referralCode : undefined,
  }
  return (
    <>
      <Hero {...form} />
      <Gauge stats={await readStatsView()} />
      <HowItWorks />
      <SampleReading />
      <Quiz {...form} />
      <Leaders leaders={await readLeadersView()} />
      <Privacy />
      <Questions />
    </>
  )
}
