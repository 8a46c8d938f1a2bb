import { z } from 'zod'
import { readCookies } from '../lib/read-cookies.ts'
import { type SealPurpose, seal, unseal } from '../lib/sealed.ts'

const dayMs = 86_400_000

/** How long a token is good for, in milliseconds: the link in a mail a week, a browser's cookie half a year. */
const lifetimeMs = { 'mail-link': 7 * dayMs, person: 180 * dayMs } as const satisfies Partial<
  Record<SealPurpose, number>
>
export type PersonPurpose = keyof typeof lifetimeMs

export const personCookie = 'headwater_me'
/** Seconds. */
export const personCookieMaxAge = lifetimeMs.person / 1000

const token = z.object({ person: z.uuid(), until: z.number() })

/**
 * A text that stands for the person `id`. `mail-link` goes to the person's address only, and who has it has read that
 * mail; `person` is the cookie of a browser that has shown such a link. The same `issuedAt` gives the same text.
 */
export function writePersonToken(
  id: string,
  options: { purpose: PersonPurpose; secret: string; issuedAt: Date },
): string {
  const { purpose, secret, issuedAt } = options
  return seal({ person: id, until: issuedAt.getTime() + lifetimeMs[purpose] }, { purpose, secret })
}

/** Whose token it is; undefined when it is missing, forged, of another purpose or expired. */
export function readPersonToken(
  text: string | undefined,
  options: { purpose: PersonPurpose; secret: string; now: Date },
): string | undefined {
  const parsed = token.safeParse(unseal(text, options))
  return parsed.success && parsed.data.until > options.now.getTime() ? parsed.data.person : undefined
}

/**
 * Whose browser sent this `Cookie` header; undefined for a stranger's. What is no token of ours counts for nothing, wherever it
 * stands. Two people are nobody: a sibling's host has put one of them there.
 */
export function readPersonCookie(
  header: string | null,
  { secret, now }: { secret: string; now: Date },
): string | undefined {
  const people = new Set(
    readCookies(header, personCookie).map((text) => readPersonToken(text, { purpose: 'person', secret, now })),
  )
  people.delete(undefined)
  const [person, another] = people
  return another === undefined ? person : undefined
}
