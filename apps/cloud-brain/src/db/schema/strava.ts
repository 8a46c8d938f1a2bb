import { bigint, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** A request to connect that is under way. Only a digest of the `state` is kept; it is deleted when it is spent. */
export const stravaStates = pgTable('strava_states', {
  stateDigest: text('state_digest').primaryKey(),
  userId: uuid('user_id').notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'date' }).notNull(),
})

/** A connected athlete. The tokens are sealed; until `claimedUntil` one process alone refreshes them. */
export const stravaConnections = pgTable(
  'strava_connections',
  {
    userId: uuid('user_id').primaryKey(),
    athleteId: bigint('athlete_id', { mode: 'number' }).notNull(),
    athleteName: text('athlete_name'),
    accessToken: text('access_token').notNull(),
    refreshToken: text('refresh_token').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'date' }).notNull(),
    claimedUntil: timestamp('claimed_until', { withTimezone: true, mode: 'date' }),
    syncStatus: text('sync_status').notNull().default('never'),
    lastSyncedAt: timestamp('last_synced_at', { withTimezone: true, mode: 'date' }),
  },
  (table) => [index('strava_connections_athlete').on(table.athleteId)],
)
