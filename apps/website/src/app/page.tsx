import { cookies } from 'next/headers'
import { runtime } from '../lib/runtime.ts'
import { Gauge } from '../sections/gauge.tsx'
import { Hero } from '../sections/hero.tsx'
import { HowItWorks } from '../sections/how-it-works.tsx'
import { Privacy } from '../sections/privacy.tsx'
import { Questions } from '../sections/questions.tsx'
import { SampleReading } from '../sections/sample-reading.tsx'
import { referralCodePattern } from '../waitlist/referral-code.ts'
import type { WaitlistStats } from '../waitlist/stats.ts'
import { noteCookie, readVisitorNote } from '../waitlist/visitor-note.ts'

type Query = Record<string, string | string[] | undefined>

const only = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** The page is worth showing without its figures. */
async function readStats(): Promise<WaitlistStats | undefined> {
  try {
    const { value } = await runtime().siteCache.stats.get()
    return value
  } catch (error) {
    console.error(`Cannot read the list's figures: ${error instanceof Error ? error.name : 'unknown error'}`)
    return undefined
  }
}

export default async function HomePage({ searchParams }: { searchParams: Promise<Query> }) {
  const query = await searchParams
  const cookie = (await cookies()).get(noteCookie)?.value
  const note = readVisitorNote(cookie, { id: only(query.note), secret: runtime().secrets.cookie })
  const referralCode = only(query.ref)?.toUpperCase()
  return (
    <>
      <Hero
        note={note}
        nowMs={Date.now()}
        referralCode={referralCodePattern.test(referralCode ?? '') ? referralCode : undefined}
      />
      <Gauge stats={await readStats()} />
      <HowItWorks />
      <SampleReading />
      <Privacy />
      <Questions />
    </>
  )
}
