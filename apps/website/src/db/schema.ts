import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, jsonb, pgTable, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core'
import type { Quiz } from '../waitlist/join-input.ts'

/**
 * Numbers the confirmations, in one row. A sequence would leave gaps where a transaction is rolled back, and with a gap
 * the thirtieth number would not be the thirtieth person.
 */
export const waitlistCounter = pgTable(
  'waitlist_counter',
  {
    id: integer('id').primaryKey().default(1),
    confirmed: bigint('confirmed', { mode: 'number' }).notNull().default(0),
  },
  (table) => [check('waitlist_counter_one_row', sql`${table.id} = 1`)],
)

/** One row per address. `seq` and `confirmedAt` are set together, by the confirmation; the place in the line is computed. */
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

/** Who brought whom; it counts once the person who was brought has confirmed, until it is reversed. A person is brought at most once. */
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
    /** Set when the team takes it back; it counts for nobody from then on. */
    reversedAt: timestamp('reversed_at', { withTimezone: true }),
  },
  (table) => [
    index('referrals_referrer').on(table.referrerId),
    check('referrals_not_self', sql`${table.referredId} <> ${table.referrerId}`),
  ],
)

/** What visitors wrote to the team. Stored before anything is sent. */
export const contactMessages = pgTable('contact_messages', {
  id: uuid('id').primaryKey().defaultRandom(),
  /** What the sender quotes; says nothing about how many there are. */
  ticket: text('ticket').notNull().unique(),
  /** Made with the form, so that one that is sent twice is stored once. */
  submission: uuid('submission').notNull().unique(),
  name: text('name').notNull(),
  email: text('email').notNull(),
  subject: text('subject').notNull(),
  message: text('message').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})

/**
 * Mails that are due. Written in the transaction of their cause, sent afterwards, once per `idempotencyKey`. The text is
 * composed when it is sent, from rows that do not change, so a repetition says the same.
 */
export const mailOutbox = pgTable(
  'mail_outbox',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    kind: text('kind').$type<'confirm' | 'place' | 'contact-team' | 'contact-receipt'>().notNull(),
    signupId: uuid('signup_id').references(() => signups.id, { onDelete: 'cascade' }),
    contactId: uuid('contact_id').references(() => contactMessages.id, { onDelete: 'cascade' }),
    idempotencyKey: text('idempotency_key').notNull().unique(),
    attempts: integer('attempts').notNull().default(0),
    /** Not before this moment. A process that takes a mail moves it on, so a process that dies gives it back. */
    nextAttemptAt: timestamp('next_attempt_at', { withTimezone: true }).notNull().defaultNow(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    sentAt: timestamp('sent_at', { withTimezone: true }),
  },
  (table) => [
    index('mail_outbox_due').on(table.nextAttemptAt).where(sql`${table.sentAt} is null`),
    index('mail_outbox_signup').on(table.signupId),
  ],
)

/** What a mail provider would have delivered; used only in development without one. */
export const localMails = pgTable('local_mails', {
  id: uuid('id').primaryKey().defaultRandom(),
  idempotencyKey: text('idempotency_key').notNull().unique(),
  recipient: text('recipient').notNull(),
  subject: text('subject').notNull(),
  body: text('body').notNull(),
  html: text('html').notNull(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})

/** What somebody gave. `source` and `sourceId` name it where it comes from; edits and refunds change the row. */
export const supportContributions = pgTable(
  'support_contributions',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    source: text('source').$type<'buymeacoffee' | 'manual'>().notNull(),
    sourceId: text('source_id').notNull(),
    /** In the currency's smallest unit. */
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** ISO 4217. */
    currency: text('currency').notNull(),
    status: text('status').$type<'paid' | 'refunded'>().notNull(),
    /** What is shown; null for somebody who wishes not to be named. */
    name: text('name'),
    /** An HMAC that tells the same supporter from another, and nothing else. */
    supporterKey: text('supporter_key').notNull(),
    supportedAt: timestamp('supported_at', { withTimezone: true }).notNull(),
  },
  (table) => [
    unique('support_contributions_source').on(table.source, table.sourceId),
    check('support_contributions_amount', sql`${table.amountMinor} >= 0`),
    check('support_contributions_currency', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
)

/** One row: when the supporters were last read in full, and not before when they are read again. */
export const supportSync = pgTable('support_sync', {
  id: integer('id').primaryKey().default(1),
  /** Moved on by the process that begins to read, so that no other one does meanwhile. */
  nextAt: timestamp('next_at', { withTimezone: true }).notNull(),
  syncedAt: timestamp('synced_at', { withTimezone: true }),
})
