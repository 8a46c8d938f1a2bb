import { and, asc, count, desc, eq, ne, notInArray } from 'drizzle-orm'
import type { Database, Queryable } from '../db/database.ts'
import { mailOutbox, referralCodes, referrals, signups } from '../db/schema.ts'
import type { JoinInput } from './join-input.ts'
import { createReferralCode } from './referral-code.ts'
import { foundingPlaces } from './stats.ts'

/** What everyone is told, whoever they are; see {@link joinWaitlist}. */
export interface JoinAnswer {
  readonly message: string
  /** The place a new sign-up takes now. Provisional: the place is settled by the confirmation. */
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

const codeAttempts = 5
/** Codes kept per address besides its first, which is kept for good: nobody can push a friend's link out by joining for them. */
const laterCodesKept = 19

const message =
  'Thank you. The address is on the list: if it was new it has just been added, and if it was there before nothing has changed.'

/** The row of the address and whether it was made now. Concurrent calls for one address wait here for one another. */
async function ensureSignup(tx: Queryable, input: JoinInput): Promise<{ id: string; isNew: boolean }> {
  const { email, quiz } = input
  const [made] = await tx.insert(signups).values({ email, quiz }).onConflictDoNothing().returning({ id: signups.id })
  if (made !== undefined) return { id: made.id, isNew: true }
  const [found] = await tx.select({ id: signups.id }).from(signups).where(eq(signups.email, email)).for('no key update')
  // Only a deletion between the two statements leads here; then the address is new again.
  return found === undefined ? ensureSignup(tx, input) : { id: found.id, isNew: false }
}

/** Credits the owner of the code. An unknown code is no fault of the visitor and says nothing to one who guesses. */
async function recordReferral(tx: Queryable, referredId: string, code: string): Promise<void> {
  const [owner] = await tx
    .select({ id: referralCodes.signupId })
    .from(referralCodes)
    .where(and(eq(referralCodes.code, code), ne(referralCodes.signupId, referredId)))
  if (owner !== undefined) await tx.insert(referrals).values({ referredId, referrerId: owner.id })
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
  const own = tx.select({ code: referralCodes.code }).from(referralCodes).where(eq(referralCodes.signupId, signupId))
  const [first] = await own.orderBy(asc(referralCodes.createdAt), asc(referralCodes.code)).limit(1)
  const newest = tx
    .select({ code: referralCodes.code })
    .from(referralCodes)
    .where(eq(referralCodes.signupId, signupId))
    .orderBy(desc(referralCodes.createdAt), asc(referralCodes.code))
    .limit(laterCodesKept)
  if (first === undefined) return
  await tx
    .delete(referralCodes)
    .where(
      and(
        eq(referralCodes.signupId, signupId),
        ne(referralCodes.code, first.code),
        notInArray(referralCodes.code, newest),
      ),
    )
}

/**
 * Puts an address on the list. The row, its mail and its referral are one transaction; concurrent joins of one address
 * make one row, and only the join that makes it is credited to a friend.
 *
 * The answer to a new, a pending and a confirmed address is the same in shape and in kind, so it tells nothing about
 * the person: the place is the next free one for everybody, and the code is fresh each time (each of them works).
 *
 * `draw` makes referral codes. Throws {@link ReferralCodeError} and the driver's errors.
 */
export function joinWaitlist(
  db: Database,
  input: JoinInput,
  draw: () => string = createReferralCode,
): Promise<JoinOutcome> {
  return db.transaction(async (tx) => {
    const { id, isNew } = await ensureSignup(tx, input)
    if (isNew) {
      await tx.insert(mailOutbox).values({ kind: 'confirm', signupId: id, idempotencyKey: `confirm:${id}` })
      if (input.referralCode !== undefined) await recordReferral(tx, id, input.referralCode)
    }
    const referralCode = await addReferralCode(tx, id, draw)
    await dropOldCodes(tx, id)
    const [others] = await tx
      .select({ total: count() })
      .from(signups)
      .where(isNew ? ne(signups.id, id) : undefined)
    const position = (others?.total ?? 0) + 1
    const tier = position <= foundingPlaces ? 'founding' : 'early'
    return { isNew, answer: { message, position, referralCode, tier } }
  })
}
