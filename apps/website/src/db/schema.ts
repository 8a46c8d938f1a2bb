import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgSequence, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { Quiz } from '../waitlist/join-input.ts'

/**
 * Numbers the confirmations. A person's place in the line is computed from `seq` and from their confirmed referrals,
 * and is never stored.
 */
export const confirmationSeq = pgSequence('confirmation_seq', { startWith: 1, increment: 1 })

/** One row per address. `seq` and `confirmedAt` are set together, by the confirmation. */
export const signups = pgTable(
  'signups',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    /** Trimmed and lower-cased by the maker of the row; at most 255 characters. */
    email: text('email').notNull().unique(),
    displayName: text('display_name'),
    quiz: jsonb('quiz').$type<Quiz>(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    confirmedAt: timestamp('confirmed_at', { withTimezone: true }),
    seq: bigint('seq', { mode: 'number' }).unique(),
  },
  (table) => [
    check('signups_email_form', sql`${table.email} = lower(btrim(${table.email})) and length(${table.email}) <= 255`),
    check('signups_confirmed_has_seq', sql`(${table.confirmedAt} is null) = (${table.seq} is null)`),
  ],
)

/** Codes that credit a person. Each answer to a join carries a fresh one (see join.ts), so a person may have several. */
export const referralCodes = pgTable(
  'referral_codes',
  {
    code: text('code').primaryKey(),
    signupId: uuid('signup_id')
      .notNull()
      .references(() => signups.id, { onDelete: 'cascade' }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('referral_codes_signup').on(table.signupId)],
)

/** Who brought whom; it counts once the person who was brought has confirmed. A person is brought at most once. */
export const referrals = pgTable(
  'referrals',
  {
    referredId: uuid('referred_id')
      .primaryKey()
      .references(() => signups.id, { onDelete: 'cascade' }),
    referrerId: uuid('referrer_id')
      .notNull()
      .references(() => signups.id, { onDelete: 'cascade' }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index('referrals_referrer').on(table.referrerId),
    check('referrals_not_self', sql`${table.referredId} <> ${table.referrerId}`),
  ],
)

/** Mails that are due. Written in the transaction of their cause, sent afterwards, once per `idempotencyKey`. */
export const mailOutbox = pgTable(
  'mail_outbox',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    kind: text('kind').$type<'confirm'>().notNull(),
    signupId: uuid('signup_id')
      .notNull()
      .references(() => signups.id, { onDelete: 'cascade' }),
    idempotencyKey: text('idempotency_key').notNull().unique(),
    attempts: integer('attempts').notNull().default(0),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    sentAt: timestamp('sent_at', { withTimezone: true }),
  },
  (table) => [index('mail_outbox_due').on(table.createdAt).where(sql`${table.sentAt} is null`)],
)
