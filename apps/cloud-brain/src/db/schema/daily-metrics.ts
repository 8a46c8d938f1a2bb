import { date, doublePrecision, index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Whole-day measurements; null is "never sent". One row per user, source and day. */
export const dailyMetrics = pgTable(
  'daily_metrics',
  {
    userId: uuid('user_id').notNull(),
    source: text('source').notNull(),
    date: date('date', { mode: 'string' }).notNull(),
    steps: integer('steps'),
    activeCalories: doublePrecision('active_calories'),
    restingHeartRate: doublePrecision('resting_heart_rate'),
    hrvMs: doublePrecision('hrv_ms'),
    vo2Max: doublePrecision('vo2_max'),
    distanceMeters: doublePrecision('distance_meters'),
    flightsClimbed: integer('flights_climbed'),
    bodyFatPercentage: doublePrecision('body_fat_percentage'),
    respiratoryRate: doublePrecision('respiratory_rate'),
    oxygenSaturation: doublePrecision('oxygen_saturation'),
    heartRateAvg: doublePrecision('heart_rate_avg'),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.source, table.date] }),
    index('daily_metrics_user_day').on(table.userId, table.date),
  ],
)
