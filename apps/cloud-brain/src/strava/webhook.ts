import type { Decision } from 'millpond'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { UserId } from '../auth/user-id.ts'
import type { Database } from '../db/database.ts'
import type { Ingest } from '../health/ingest.ts'
import type { Outbox } from '../health/outbox.ts'
import { removeWorkout } from '../health/remove-workout.ts'
import type { ApiLimiter } from '../limits.ts'
import { toLogError } from '../log-error.ts'
import type { Metrics } from '../metrics.ts'
import { RequestFault } from '../request-fault.ts'
import { SealError } from '../seal.ts'
import type { Access } from './access-token.ts'
import type { StravaConnections } from './connections.ts'
import { type StravaActivity, type StravaClient, StravaRefusedError, StravaUnavailableError } from './strava-client.ts'

const SOURCE = 'strava'
const GONE = [404, 410]
/** What the same event would meet again: a refusal, a token that cannot be opened, a workout that is not valid or for which its day has no room. */
const LASTING = [StravaRefusedError, SealError, RequestFault]

/** What Strava sends. It is not signed, so nothing in it is believed: it says only where to look. */
export const StravaEvent = z.object({
  object_type: z.enum(['activity', 'athlete']),
  object_id: z.int().positive(),
  aspect_type: z.enum(['create', 'update', 'delete']),
  owner_id: z.int().positive(),
  updates: z.record(z.string(), z.unknown()).optional(),
})

export type StravaEvent = z.infer<typeof StravaEvent>

/**
 * Looks at Strava and stores what is there now, for every user who connected the athlete. An event for somebody unknown asks nothing of
 * Strava. Resolves to the limit that refuses the event, if one does. Rejects, with a RequestFault 503 or as the database does, when the same event makes sense again later.
 */
export type TakeStravaEvent = (event: StravaEvent) => Promise<Decision | undefined>

export function createStravaEvents(deps: {
  db: Database
  outbox: Outbox
  ingest: Ingest
  client: StravaClient
  connections: StravaConnections
  limiter: ApiLimiter
  logger: Logger
  metrics: Pick<Metrics, 'count'>
}): TakeStravaEvent {
  const { client, connections, ingest, limiter, logger, metrics } = deps

  async function look(userId: UserId, event: StravaEvent): Promise<void> {
    let access: Access | undefined
    try {
      access = await connections.accessToken(userId)
      if (!access) return
      if (event.object_type === 'athlete') await client.readAthlete(access.token)
      else await takeActivity(userId, access.token, event)
      await connections.noteSync(userId, 'ok')
    } catch (error) {
      if (access && error instanceof StravaRefusedError && error.status === 401) {
        // What the user connected meanwhile has a token of its own.
        return (await connections.forget(userId, access)) ? undefined : look(userId, event)
      }
      await connections.noteSync(userId, 'failed')
      throw error
    }
  }

  async function takeActivity(
    userId: UserId,
    token: string,
    { object_id: id, owner_id: athleteId }: StravaEvent,
  ): Promise<void> {
    const activity = await client.readActivity(token, id).catch((error: unknown) => {
      if (error instanceof StravaRefusedError && GONE.includes(error.status)) return undefined
      throw error
    })
    // Whoever sends the event chooses the activity, and the user's token opens those of others, too.
    if (activity && activity.athlete.id !== athleteId) return
    if (activity) await store(userId, activity)
    else await removeWorkout(deps, { userId, source: SOURCE, originalId: String(id) })
  }

  async function store(userId: UserId, activity: StravaActivity): Promise<void> {
    try {
      const { result } = await ingest({ userId }, { source: SOURCE, workouts: [toWorkout(activity)] })
      if (!result.success) throw new RequestFault('invalid_request', 'The activity is no workout that can be stored')
    } catch (error) {
      if (error instanceof RequestFault) metrics.count('strava_activities_dropped_total')
      throw error
    }
  }

  return async (event) => {
    const users = await connections.usersOf(event.owner_id)
    if (users.length === 0) return undefined
    const decision = await limiter.take({ policy: 'strava-athlete', key: String(event.owner_id) })
    if (!decision.allowed) return decision
    const failures: unknown[] = []
    for (const userId of users) {
      await look(userId, event).catch((error: unknown) => failures.push(error))
    }
    for (const error of failures) logger.warn({ err: toLogError(error) }, 'a Strava event could not be followed')
    const passing = failures.find((error) => !LASTING.some((kind) => error instanceof kind))
    if (passing instanceof StravaUnavailableError) throw tryAgain()
    if (passing !== undefined) throw passing
    return undefined
  }
}

function tryAgain(): RequestFault {
  return new RequestFault('unavailable', 'The event cannot be followed at the moment', {
    headers: { 'Retry-After': '30' },
  })
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
