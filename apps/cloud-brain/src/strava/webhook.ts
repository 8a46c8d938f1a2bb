import type { Logger } from 'pino'
import { z } from 'zod'
import type { UserId } from '../auth/user-id.ts'
import type { Database } from '../db/database.ts'
import type { Ingest } from '../health/ingest.ts'
import type { Outbox } from '../health/outbox.ts'
import { removeWorkout } from '../health/remove-workout.ts'
import { toLogError } from '../log-error.ts'
import type { StravaConnections } from './connections.ts'
import { type StravaActivity, type StravaClient, StravaRefusedError } from './strava-client.ts'

const SOURCE = 'strava'
const GONE = [404, 410]

/** What Strava sends. It is not signed, so nothing in it is believed: it says only where to look. */
export const StravaEvent = z.object({
  object_type: z.enum(['activity', 'athlete']),
  object_id: z.int().positive(),
  aspect_type: z.enum(['create', 'update', 'delete']),
  owner_id: z.int().positive(),
  updates: z.record(z.string(), z.unknown()).optional(),
})

export type StravaEvent = z.infer<typeof StravaEvent>

/** Looks at Strava and stores what is there now; never rejects. An event for somebody unknown asks nothing of Strava. */
export type TakeStravaEvent = (event: StravaEvent) => Promise<void>

export function createStravaEvents(deps: {
  db: Database
  outbox: Outbox
  ingest: Ingest
  client: StravaClient
  connections: StravaConnections
  logger: Logger
}): TakeStravaEvent {
  const { client, connections, ingest, logger } = deps

  async function look(userId: UserId, event: StravaEvent): Promise<void> {
    const token = await connections.accessToken(userId)
    if (token === undefined) return
    try {
      if (event.object_type === 'athlete') await client.readAthlete(token)
      else await takeActivity(userId, token, event.object_id)
      await connections.noteSync(userId, 'ok')
    } catch (error) {
      if (error instanceof StravaRefusedError && error.status === 401) await connections.forget(userId)
      else await connections.noteSync(userId, 'failed')
      throw error
    }
  }

  async function takeActivity(userId: UserId, token: string, id: number): Promise<void> {
    const activity = await client.readActivity(token, id).catch((error: unknown) => {
      if (error instanceof StravaRefusedError && GONE.includes(error.status)) return undefined
      throw error
    })
    if (activity) await ingest({ userId }, { source: SOURCE, workouts: [toWorkout(activity)] })
    else await removeWorkout(deps, { userId, source: SOURCE, originalId: String(id) })
  }

  return async (event) => {
    try {
      for (const userId of await connections.usersOf(event.owner_id)) await look(userId, event)
    } catch (error) {
      logger.warn({ err: toLogError(error) }, 'a Strava event could not be followed')
    }
  }
}

function toWorkout({ id, sport_type, type, distance, elapsed_time, start_date, calories }: StravaActivity) {
  return {
    original_id: String(id),
    activity_type: (sport_type ?? type ?? 'workout').toLowerCase(),
    duration_seconds: Math.round(elapsed_time),
    distance_meters: distance ?? null,
    calories: calories ?? 0,
    start_time: start_date,
  }
}
