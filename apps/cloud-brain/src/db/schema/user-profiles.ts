import { boolean, date, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What a user tells about themselves. The row is made when the profile is first read; the e-mail stays with the identity provider. */
export const userProfiles = pgTable('user_profiles', {
  userId: uuid('user_id').primaryKey(),
  displayName: text('display_name'),
  nickname: text('nickname'),
  birthday: date('birthday', { mode: 'string' }),
  gender: text('gender'),
  onboardingComplete: boolean('onboarding_complete').notNull().default(false),
  createdAt: timestamp('created_at', { withTimezone: true, mode: 'date' }).notNull().defaultNow(),
})
