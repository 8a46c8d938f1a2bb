import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import type { UserId } from '../auth/user-id.ts'
import type { Transaction } from '../db/database.ts'
import { stravaConnections } from '../db/schema/index.ts'
import type { Sealer } from '../seal.ts'
import type { StravaDeps } from './connections.ts'
import { StravaRefusedError, type StravaTokens, StravaUnavailableError } from './strava-client.ts'

/** A token that ends this soon is refreshed first. */
const MARGIN_MS = 300_000
/** Longer than Strava is waited for, so that only a process that died leaves its claim to run out. */
const CLAIM_SECONDS = 15
const LOOK_AGAIN_MS = 100
const MAX_LOOKS = 200

/** A connection as it was read. Its sealed refresh token is its version: no two are sealed alike. */
type Connection = Pick<typeof stravaConnections.$inferSelect, 'accessToken' | 'refreshToken' | 'expiresAt'>

/** A token, and the version of the connection that it is of. */
export type Access = { token: string; version: string }

/**
 * A token that is valid for some minutes; undefined without a connection, or when Strava has ended it.
 *
 * @throws StravaUnavailableError when a token must be refreshed and Strava does not answer, or refuses this application
 * @throws SealError when the token was sealed with a key that is not configured any more
 */
export type AccessToken = (userId: UserId) => Promise<Access | undefined>

/**
 * Creates the way to a user's access token. An old one is refreshed by one at a time: in a process the others wait for the
 * same answer, in other processes for the claim in the row to end. No connection to the database is held meanwhile, and a
 * connection to Strava that is changed meanwhile stays as it was made.
 */
export function createAccessToken({
  db,
  clock,
  client,
  sealer,
  change,
}: Omit<StravaDeps, 'outbox'> & {
  /** Writes in one transaction, and invalidates what is cached about the connection. */
  change<Result>(userId: UserId, write: (tx: Transaction) => Promise<Result>): Promise<Result>
}): AccessToken {
  const underway = new Map<UserId, Promise<Access | undefined>>()
  async function find(userId: UserId): Promise<Connection | undefined> {
    const { accessToken, refreshToken, expiresAt } = stravaConnections
    const [row] = await db
      .select({ accessToken, refreshToken, expiresAt })
      .from(stravaConnections)
      .where(eq(stravaConnections.userId, userId))
    return row
  }

  const isFresh = ({ expiresAt }: Connection) => expiresAt.getTime() > clock.now() + MARGIN_MS
  const toAccess = (userId: UserId, { accessToken, refreshToken }: Connection): Access => ({
    token: sealer.open(accessToken, tokenContext(userId, 'access')),
    version: refreshToken,
  })

  async function refreshed(userId: UserId): Promise<Access | undefined> {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const connection = await find(userId)
      if (!connection) return undefined
      if (isFresh(connection)) return toAccess(userId, connection)
      if (!(await claim(userId, connection))) {
        await delay(LOOK_AGAIN_MS)
        continue
      }
      const access = await refresh(userId, connection)
      if (access) return access
    }
    throw new StravaUnavailableError('Cannot refresh a token: other processes are at it')
  }

  /** The database's clock decides, so that no two processes differ about it. */
  async function claim(userId: UserId, connection: Connection): Promise<boolean> {
    const { claimedUntil } = stravaConnections
    const claimed = await db
      .update(stravaConnections)
      .set({ claimedUntil: sql`now() + make_interval(secs => ${CLAIM_SECONDS})` })
      .where(and(isVersion(userId, connection.refreshToken), or(isNull(claimedUntil), lt(claimedUntil, sql`now()`))))
      .returning({ userId: stravaConnections.userId })
    return claimed.length === 1
  }

  /** The new token, however long it is valid; undefined when the connection has ended, or was changed meanwhile. */
  async function refresh(userId: UserId, connection: Connection): Promise<Access | undefined> {
    const isThis = isVersion(userId, connection.refreshToken)
    try {
      const tokens = await client.refresh(sealer.open(connection.refreshToken, tokenContext(userId, 'refresh')))
      const { accessToken, refreshToken, expiresAt } = stravaConnections
      const [renewed] = await db
        .update(stravaConnections)
        .set(sealTokens(sealer, userId, tokens))
        .where(isThis)
        .returning({ accessToken, refreshToken, expiresAt })
      return renewed && toAccess(userId, renewed)
    } catch (error) {
      if (!(error instanceof StravaRefusedError)) {
        await db.update(stravaConnections).set({ claimedUntil: null }).where(isThis)
        throw error
      }
      await change(userId, (tx) => tx.delete(stravaConnections).where(isThis))
      return undefined
    }
  }

  return async (userId) => {
    const connection = await find(userId)
    if (!connection) return undefined
    if (isFresh(connection)) return toAccess(userId, connection)
    const running = underway.get(userId) ?? refreshed(userId).finally(() => underway.delete(userId))
    underway.set(userId, running)
    return running
  }
}

/** Whether a row is this version of a user's connection. */
export const isVersion = (userId: UserId, version: string) =>
  and(eq(stravaConnections.userId, userId), eq(stravaConnections.refreshToken, version))

/** Tokens as they lie in the database: for their user and purpose only, and claimed by nobody. */
export function sealTokens(sealer: Sealer, userId: UserId, tokens: StravaTokens) {
  return {
    accessToken: sealer.seal(tokens.access_token, tokenContext(userId, 'access')),
    refreshToken: sealer.seal(tokens.refresh_token, tokenContext(userId, 'refresh')),
    expiresAt: new Date(tokens.expires_at * 1000),
    claimedUntil: null,
  }
}

const tokenContext = (userId: UserId, purpose: 'access' | 'refresh') => `strava:${purpose}:${userId}`
