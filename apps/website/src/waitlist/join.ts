import { randomUUID } from 'node:crypto'
import { and, asc, desc, eq, notInArray, sql } from 'drizzle-orm'
import type { Database, Queryable } from '../db/database.ts'
import { mailOutbox, referralCodes, referrals, signups } from '../db/schema.ts'
import type { JoinInput } from './join-input.ts'
import { createReferralCode } from './referral-code.ts'
import { foundingPlaces, readConfirmed } from './stats.ts'

/** What everyone is told, whoever they are; see {@link joinWaitlist}. */
export interface JoinAnswer {
  readonly message: string
  /** The place that whoever confirms next takes. Provisional: the confirmation settles it. */
  readonly position: number
  /** A code that credits the address that was given; a fresh one in each answer. */
  readonly referralCode: string
  readonly tier: 'founding' | 'early'
}

export interface JoinOutcome {
  readonly isNew: boolean
  readonly answer: JoinAnswer
}

/** So many codes in a row were taken: the generator or the table is broken. */
export class ReferralCodeError extends Error {
  readonly code = 'ERR_REFERRAL_CODE'
  constructor(attempts: number) {
    super(`Cannot make a referral code: ${attempts} in a row were taken`)
  }
}

/** The row of an address. */
export interface EnsuredSignup {
  readonly id: string
  readonly isNew: boolean
  readonly isConfirmed: boolean
}

const hourMs = 3_600_000
const mailPauseMs = 10 * 60_000
const mailsPerDay = 5
const codeAttempts = 5
/** Codes kept per address besides its first, which is kept for good: nobody can push a friend's link out by joining for them. */
const laterCodesKept = 19

const message =
  'Thank you. We have sent a mail to this address. Open its link to take your place, or to see it; until then nothing counts.'

/** The row of the address and whether it was made now. Concurrent calls for one address wait here for one another. */
async function ensureSignup(tx: Queryable, input: JoinInput): Promise<EnsuredSignup> {
  const { email, quiz } = input
  const [made] = await tx.insert(signups).values({ email, quiz }).onConflictDoNothing().returning({ id: signups.id })
  const [found] = await tx
    .select({ id: signups.id, seq: signups.seq })
    .from(signups)
    .where(eq(signups.email, email))
    .for('no key update')
  // Only a deletion between the two statements leads here; then the address is new again.
  if (found === undefined) return ensureSignup(tx, input)
  return { id: found.id, isNew: made !== undefined, isConfirmed: found.seq !== null }
}

/**
 * Queues the mail with the person's link unless one was queued a short while ago or many were today: typing somebody's
 * address again and again must not fill their inbox. The caller holds the person's row.
 */
export async function queueLink(tx: Queryable, person: EnsuredSignup, now: Date): Promise<void> {
  const [at, dayAgo, pauseAgo] = [0, 24 * hourMs, mailPauseMs].map((ms) => new Date(now.getTime() - ms).toISOString())
  const own = sql`from ${mailOutbox} where ${mailOutbox.signupId} = ${person.id}`
  await tx.execute(sql`
    insert into ${mailOutbox} (kind, signup_id, idempotency_key, created_at, next_attempt_at)
    select ${person.isConfirmed ? 'place' : 'confirm'}, ${person.id}, ${`link:${person.id}:${randomUUID()}`}, ${at}, ${at}
    where not exists (select ${own} and ${mailOutbox.createdAt} > ${pauseAgo})
      and (select count(*) ${own} and ${mailOutbox.createdAt} > ${dayAgo}) < ${mailsPerDay}`)
}

/** Credits the owner of the code with a new person. An unknown code is no fault of the visitor and says nothing to one who guesses. */
async function recordReferral(tx: Queryable, { id, isNew }: EnsuredSignup, code: string): Promise<void> {
  // An owner who is leaving at this moment is waited for, and is then nobody's friend.
  await tx.execute(sql`
    insert into ${referrals} (referred_id, referrer_id)
    select ${id}, ${signups.id} from ${referralCodes} join ${signups} on ${signups.id} = ${referralCodes.signupId}
    where ${isNew} and ${referralCodes.code} = ${code} and ${referralCodes.signupId} <> ${id}
    for key share of ${signups}`)
}

async function addReferralCode(tx: Queryable, signupId: string, draw: () => string): Promise<string> {
  for (let attempt = 0; attempt < codeAttempts; attempt += 1) {
    const code = draw()
    const [made] = await tx
      .insert(referralCodes)
      .values({ code, signupId })
      .onConflictDoNothing()
      .returning({ code: referralCodes.code })
    if (made !== undefined) return made.code
  }
  throw new ReferralCodeError(codeAttempts)
}

async function dropOldCodes(tx: Queryable, signupId: string): Promise<void> {
  const isOwn = eq(referralCodes.signupId, signupId)
  const own = () => tx.select({ code: referralCodes.code }).from(referralCodes).where(isOwn)
  const first = own().orderBy(asc(referralCodes.createdAt), asc(referralCodes.code)).limit(1)
  const newest = own().orderBy(desc(referralCodes.createdAt), asc(referralCodes.code)).limit(laterCodesKept)
  await tx
    .delete(referralCodes)
    .where(and(isOwn, notInArray(referralCodes.code, first), notInArray(referralCodes.code, newest)))
}

/**
 * Puts an address on the list. The row, its mail and its referral are one transaction; concurrent joins of one address
 * make one row, and only the join that makes it is credited to a friend.
 *
 * The answer to a new, a pending and a confirmed address is the same in shape and in kind, so it tells nothing about
 * the person: the place is the next free one for everybody, and the code is fresh each time (each of them works).
 * The mail differs, and only the address's owner reads it. Nor does the answer's time tell: the database is asked the
 * same statements for every address.
 *
 * `draw` makes referral codes. Throws {@link ReferralCodeError} and the driver's errors.
 */
export function joinWaitlist(
  db: Database,
  input: JoinInput,
  { draw = createReferralCode, now = new Date() }: { draw?: () => string; now?: Date } = {},
): Promise<JoinOutcome> {
  return db.transaction(async (tx) => {
    const person = await ensureSignup(tx, input)
    await queueLink(tx, person, now)
    if (input.referralCode !== undefined) await recordReferral(tx, person, input.referralCode)
    const referralCode = await addReferralCode(tx, person.id, draw)
    await dropOldCodes(tx, person.id)
    const position = (await readConfirmed(tx)) + 1
    const tier = position <= foundingPlaces ? 'founding' : 'early'
    return { isNew: person.isNew, answer: { message, position, referralCode, tier } }
  })
}

/** The id of an address that is on the list: one statement, which waits for nobody. */
export async function findSignup(db: Queryable, email: string): Promise<string | undefined> {
  const [found] = await db.select({ id: signups.id }).from(signups).where(eq(signups.email, email))
  return found?.id
}

/** Writes to a person on the list; does nothing for one who has left. */
export function sendLink(db: Database, id: string, now: Date): Promise<void> {
  return db.transaction(async (tx) => {
    const [found] = await tx.select({ seq: signups.seq }).from(signups).where(eq(signups.id, id)).for('no key update')
    if (found !== undefined) await queueLink(tx, { id, isNew: false, isConfirmed: found.seq !== null }, now)
  })
}
