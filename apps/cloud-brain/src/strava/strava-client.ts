import { z } from 'zod'
import type { Clock } from '../clock.ts'

const TIMEOUT_MS = 5000
const SCOPES = 'read,activity:read_all,profile:read_all'
const QUARTER_HOUR_MS = 900_000
const DAY_MS = 86_400_000

const Faults = z.object({ errors: z.array(z.object({ resource: z.string() })) })

/** Strava said no: the code, token or activity is not valid any more. `status` is Strava's. */
export class StravaRefusedError extends Error {
  readonly code = 'STRAVA_REFUSED'
  override readonly name = 'StravaRefusedError'
  readonly status: number
  /** What Strava says is at fault, such as `RefreshToken` or `Application`. */
  readonly resources: readonly string[]
  constructor(action: string, { status, body }: { status: number; body: unknown }) {
    super(`Cannot ${action}: Strava answered ${status}`)
    this.status = status
    this.resources = Faults.safeParse(body).data?.errors.map(({ resource }) => resource) ?? []
  }
}

/** Strava did not answer, or cannot be asked before its next rate-limit window. */
export class StravaUnavailableError extends Error {
  readonly code = 'STRAVA_UNAVAILABLE'
  override readonly name = 'StravaUnavailableError'
}

const Athlete = z.object({
  id: z.int().positive(),
  firstname: z.string().nullish(),
  lastname: z.string().nullish(),
})
const Tokens = z.object({ access_token: z.string().min(1), refresh_token: z.string().min(1), expires_at: z.int() })
const FirstTokens = Tokens.extend({ athlete: Athlete })
const Activity = z.object({
  id: z.int().positive(),
  athlete: z.object({ id: z.int() }),
  sport_type: z.string().nullish(),
  type: z.string().nullish(),
  distance: z.number().nullish(),
  elapsed_time: z.number(),
  start_date: z.string(),
  calories: z.number().nullish(),
})

export type StravaTokens = z.infer<typeof Tokens>
export type StravaActivity = z.infer<typeof Activity>

/** What the API asks of Strava. Every method rejects with StravaRefusedError or StravaUnavailableError. */
export type StravaClient = {
  /** Where the user allows the connection. */
  authorizeUrl(state: string): string
  exchange(code: string): Promise<z.infer<typeof FirstTokens>>
  /** The refresh token may rotate: the newest one must be kept. Refused is only the token; a refusal of this application is an outage. */
  refresh(refreshToken: string): Promise<StravaTokens>
  deauthorize(accessToken: string): Promise<void>
  readAthlete(accessToken: string): Promise<void>
  readActivity(accessToken: string, id: number): Promise<StravaActivity>
}

/** How Strava knows this application. */
export type StravaApplication = { clientId: string; clientSecret: string; redirectUrl: string; baseUrl: string }

/** Creates a client for Strava's API v3. It remembers an exhausted rate limit, which is the application's, until its window ends. */
export function createStravaClient(application: StravaApplication, clock: Clock): StravaClient {
  const { clientId, clientSecret, redirectUrl, baseUrl } = application
  let blockedUntilMs = 0

  async function ask<Answer>(
    action: string,
    path: string,
    { schema, token, form }: { schema: z.ZodType<Answer>; token?: string; form?: Record<string, string> },
  ): Promise<Answer> {
    if (clock.now() < blockedUntilMs) throw new StravaUnavailableError(`Cannot ${action}: the rate limit is used up`)
    const request = {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    }
    const response = await fetch(new URL(path, baseUrl), request).catch((cause: unknown) => {
      throw new StravaUnavailableError(`Cannot ${action}: Strava does not answer`, { cause })
    })
    blockedUntilMs = Math.max(blockedUntilMs, blockedUntil(response, clock.now()))
    const body: unknown = await response.json().catch(() => undefined)
    if (response.status === 429 || response.status >= 500) {
      throw new StravaUnavailableError(`Cannot ${action}: Strava answered ${response.status}`)
    }
    if (!response.ok) throw new StravaRefusedError(action, { status: response.status, body })
    const parsed = schema.safeParse(body)
    if (!parsed.success) throw new StravaUnavailableError(`Cannot ${action}: Strava's answer has another shape`)
    return parsed.data
  }

  const credentials = { client_id: clientId, client_secret: clientSecret }
  return {
    authorizeUrl(state) {
      const url = new URL('/oauth/authorize', baseUrl)
      const query = { client_id: clientId, redirect_uri: redirectUrl, response_type: 'code', approval_prompt: 'auto' }
      for (const [name, value] of Object.entries({ ...query, scope: SCOPES, state })) url.searchParams.set(name, value)
      return url.href
    },
    exchange: (code) =>
      ask('exchange a code', '/oauth/token', {
        schema: FirstTokens,
        form: { ...credentials, code, grant_type: 'authorization_code' },
      }),
    refresh: (refreshToken) =>
      ask('refresh a token', '/oauth/token', {
        schema: Tokens,
        form: { ...credentials, refresh_token: refreshToken, grant_type: 'refresh_token' },
      }).catch((cause: unknown) => {
        if (!(cause instanceof StravaRefusedError) || isAboutToken(cause)) throw cause
        throw new StravaUnavailableError('Cannot refresh a token: Strava refuses this application', { cause })
      }),
    deauthorize: async (accessToken) => {
      await ask('deauthorize', '/oauth/deauthorize', { schema: z.unknown(), form: { access_token: accessToken } })
    },
    readAthlete: async (token) => {
      await ask('read the athlete', '/api/v3/athlete', { schema: Athlete, token })
    },
    readActivity: (token, id) => ask('read an activity', `/api/v3/activities/${id}`, { schema: Activity, token }),
  }
}

/** A secret that was mistyped or renewed, or a wall in front of Strava, must not end the connection of every user. */
function isAboutToken({ status, resources }: StravaRefusedError): boolean {
  return status === 400 && !resources.includes('Application')
}

/** When asking makes sense again: windows end at :00, :15, :30, :45 and at 00:00 UTC. 0 while there is room. */
function blockedUntil(response: Response, nowMs: number): number {
  let untilMs = response.status === 429 ? nextMultiple(nowMs, QUARTER_HOUR_MS) : 0
  for (const name of ['x-ratelimit', 'x-readratelimit']) {
    const limits = numbersOf(response.headers.get(`${name}-limit`))
    const used = numbersOf(response.headers.get(`${name}-usage`))
    for (const [index, windowMs] of [QUARTER_HOUR_MS, DAY_MS].entries()) {
      const [limit, usage] = [limits[index], used[index]]
      if (limit !== undefined && usage !== undefined && usage >= limit) {
        untilMs = Math.max(untilMs, nextMultiple(nowMs, windowMs))
      }
    }
  }
  return untilMs
}

const numbersOf = (header: string | null) => header?.split(',').map(Number) ?? []
const nextMultiple = (ms: number, windowMs: number) => (Math.floor(ms / windowMs) + 1) * windowMs
