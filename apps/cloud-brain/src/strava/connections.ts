import { createHash, randomBytes } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { and, eq, gt } from 'drizzle-orm'
import type { Definition } from 'millpond'
import { UserId } from '../auth/user-id.ts'
import type { CachedParts } from '../cached-parts.ts'
import type { Clock } from '../clock.ts'
import type { Database, Transaction } from '../db/database.ts'
import { stravaConnections, stravaStates } from '../db/schema/index.ts'
import type { Outbox } from '../health/outbox.ts'
import { userTag } from '../health/tags.ts'
import { RequestFault } from '../request-fault.ts'
import { SealError, type Sealer } from '../seal.ts'
import { type Access, createAccessToken, isVersion, sealTokens } from './access-token.ts'
import { type StravaClient, StravaRefusedError, StravaUnavailableError } from './strava-client.ts'

const STATE_LIFETIME_MS = 600_000
const STATE_BYTES = 32

const SyncStatus = z.enum(['never', 'ok', 'failed'])

export const StravaStatus = z
  .object({
    connected: z.boolean(),
    sync_status: SyncStatus.nullable(),
    last_synced_at: z.iso.datetime().nullable(),
    athlete: z.object({ id: z.int(), name: z.string().nullable() }).nullable(),
  })
  .openapi('StravaStatus')

export type StravaStatus = z.infer<typeof StravaStatus>

export type StravaDeps = { db: Database; outbox: Outbox; clock: Clock; client: StravaClient; sealer: Sealer }

/** The connections of users to Strava. */
export type StravaConnections = ReturnType<typeof createStravaConnections>

/** Everything cached about a user's connection. */
export function stravaTag(userId: UserId): string {
  return `strava:${userId}`
}

/** Defines the cached status. */
export function defineStravaStatus({ db, cache, local }: CachedParts): Definition<[{ userId: string }], StravaStatus> {
  return cache.define({
    ...local,
    name: 'integrations.strava-status',
    ttl: '5m',
    input: z.object({ userId: UserId }),
    output: StravaStatus,
    tags: ({ userId }) => [userTag(userId), stravaTag(userId)],
    load: async ({ userId }) => {
      const [row] = await db.select().from(stravaConnections).where(eq(stravaConnections.userId, userId))
      if (!row) return { connected: false, sync_status: null, last_synced_at: null, athlete: null }
      return {
        connected: true,
        sync_status: SyncStatus.parse(row.syncStatus),
        last_synced_at: row.lastSyncedAt?.toISOString() ?? null,
        athlete: { id: row.athleteId, name: row.athleteName },
      }
    },
  })
}

/** Creates the connections. Tokens lie in the database sealed, for their user and purpose only. */
export function createStravaConnections({ db, outbox, clock, client, sealer }: StravaDeps) {
  /** Begins to connect. The `state` is for this user, once, for ten minutes. */
  async function authorize(userId: UserId): Promise<string> {
    const state = randomBytes(STATE_BYTES).toString('base64url')
    const expiresAt = new Date(clock.now() + STATE_LIFETIME_MS)
    await db.insert(stravaStates).values({ stateDigest: digestOf(state), userId, expiresAt })
    return client.authorizeUrl(state)
  }

  /**
   * Spends the state and swaps the code for tokens.
   *
   * @throws RequestFault 400 for a state that is not this user's, spent or too old, or a code that Strava refuses; 503 when Strava does not answer
   */
  async function exchange(userId: UserId, { code, state }: { code: string; state: string }): Promise<number> {
    if (!(await spend(userId, state))) {
      // It may have been spent by a connection whose answer was lost.
      await outbox.settle(userId)
      throw invalid('state', 'must be the one of a connection begun within 10 minutes')
    }
    const { athlete, ...tokens } = await client.exchange(code).catch((error: unknown) => {
      if (error instanceof StravaRefusedError) throw invalid('code', 'was refused by Strava')
      if (error instanceof StravaUnavailableError) throw unavailable(error)
      throw error
    })
    const name = [athlete.firstname, athlete.lastname].filter(Boolean).join(' ')
    const connection = { athleteId: athlete.id, athleteName: name || null, ...sealTokens(sealer, userId, tokens) }
    await change(userId, async (tx) => {
      const fresh = { ...connection, syncStatus: 'never', lastSyncedAt: null }
      await tx
        .insert(stravaConnections)
        .values({ userId, ...fresh })
        .onConflictDoUpdate({ target: stravaConnections.userId, set: fresh })
    })
    return athlete.id
  }

  async function spend(userId: UserId, state: string): Promise<boolean> {
    const { stateDigest, expiresAt } = stravaStates
    const spent = await db
      .delete(stravaStates)
      .where(
        and(eq(stateDigest, digestOf(state)), eq(stravaStates.userId, userId), gt(expiresAt, new Date(clock.now()))),
      )
      .returning({ userId: stravaStates.userId })
    return spent.length === 1
  }

  /** Forgets the tokens and, where Strava answers and they can be opened, the permission. False when there was no connection. */
  async function disconnect(userId: UserId): Promise<boolean> {
    // Asked before a token that Strava does not renew takes the connection along.
    const wasConnected = (await db.$count(stravaConnections, eq(stravaConnections.userId, userId))) > 0
    const access = await accessToken(userId).catch(ignoreUnusable)
    const isForgotten = await forget(userId)
    if (access) await client.deauthorize(access.token).catch(ignoreStrava)
    return wasConnected || isForgotten
  }

  /** False when there was no connection, or, of a token that Strava refuses, when the connection is another by now. */
  async function forget(userId: UserId, refused?: Access): Promise<boolean> {
    const removed = await change(userId, (tx) =>
      tx
        .delete(stravaConnections)
        .where(refused ? isVersion(userId, refused.version) : eq(stravaConnections.userId, userId))
        .returning({ id: stravaConnections.userId }),
    )
    return removed.length > 0
  }

  /** The users who connected this athlete. */
  async function usersOf(athleteId: number): Promise<UserId[]> {
    const rows = await db
      .select({ userId: stravaConnections.userId })
      .from(stravaConnections)
      .where(eq(stravaConnections.athleteId, athleteId))
    return rows.map(({ userId }) => UserId.parse(userId))
  }

  /** Notes how the last look at Strava went. */
  async function noteSync(userId: UserId, syncStatus: 'ok' | 'failed'): Promise<void> {
    const lastSyncedAt = syncStatus === 'ok' ? new Date(clock.now()) : undefined
    await change(userId, (tx) =>
      tx
        .update(stravaConnections)
        .set({ syncStatus, ...(lastSyncedAt && { lastSyncedAt }) })
        .where(eq(stravaConnections.userId, userId)),
    )
  }

  async function change<Result>(userId: UserId, write: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const { result, pending } = await db.transaction(async (tx) => ({
      result: await write(tx),
      pending: await outbox.write(tx, { userId, tags: [stravaTag(userId)] }),
    }))
    await outbox.deliver(pending)
    return result
  }

  const accessToken = createAccessToken({ db, clock, client, sealer, change })
  return { authorize, exchange, disconnect, accessToken, forget, usersOf, noteSync }
}

const digestOf = (state: string) => createHash('sha256').update(state).digest('base64url')

function invalid(field: string, detail: string): RequestFault {
  return new RequestFault('invalid_request', `Not valid: ${field}`, { errors: [{ field, detail }] })
}

function unavailable(cause: unknown): RequestFault {
  return new RequestFault('unavailable', 'Strava does not answer', { headers: { 'Retry-After': '30' }, cause })
}

function ignoreUnusable(error: unknown): undefined {
  if (error instanceof StravaUnavailableError || error instanceof SealError) return undefined
  throw error
}

function ignoreStrava(error: unknown): void {
  if (!(error instanceof StravaUnavailableError) && !(error instanceof StravaRefusedError)) throw error
}
