import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'

/** An activity of the fake, in Strava's own words. */
export type FakeActivity = {
  id: number
  sport_type: string
  distance: number
  elapsed_time: number
  start_date: string
  calories: number
  /** Whose it is, where it is not that of the athlete who connected. */
  athlete?: { id: number }
}

/** A Strava on this machine that speaks the wire format of the real one, for development and tests. */
export type FakeStrava = {
  baseUrl: string
  clientId: string
  clientSecret: string
  redirectUrl: string
  athleteId: number
  /** What the athlete is called. Who gives no name has an empty one, or none. */
  athleteNames: { firstname?: string | null; lastname?: string | null }
  activities: Map<number, FakeActivity>
  /** What was asked, oldest first: method and path. */
  asked: string[]
  /** The next answers have this status instead of their own, while it is set. */
  failWith: number | undefined
  /** Answers wait for it, while it is set. */
  gate: Promise<void> | undefined
  /** How many access tokens it knows. */
  readonly granted: number
  /** Sent with every answer of the API. */
  headers: Record<string, string>
  /** Ends the permission, as an athlete does on Strava's settings page. */
  revoke(): void
  close(): Promise<void>
}

const TOKEN_SECONDS = 21_600
const LIMITS = { 'X-RateLimit-Limit': '200,2000', 'X-RateLimit-Usage': '1,1' }
const INVALID = { message: 'Bad Request', errors: [{ resource: 'RequestToken', field: 'code', code: 'invalid' }] }
const UNAUTHORIZED = {
  message: 'Authorization Error',
  errors: [{ resource: 'Athlete', field: 'access_token', code: 'invalid' }],
}

type Reply = { status: number; body?: unknown; location?: string }

/** Starts the fake on a free port of the loopback address. Every user who connects is the same athlete. */
export async function startFakeStrava(clock: Clock): Promise<FakeStrava> {
  const codes = new Set<string>()
  const accessTokens = new Map<string, number>()
  const refreshTokens = new Set<string>()
  const token = () => randomBytes(20).toString('hex')

  function grant() {
    const [access, refresh] = [token(), token()]
    const expiresAt = Math.floor(clock.now() / 1000) + TOKEN_SECONDS
    accessTokens.set(access, expiresAt)
    refreshTokens.add(refresh)
    const tokens = { access_token: access, refresh_token: refresh, expires_at: expiresAt, expires_in: TOKEN_SECONDS }
    return { token_type: 'Bearer', ...tokens }
  }

  function authorize(query: URLSearchParams): Reply {
    const redirect = query.get('redirect_uri') ?? ''
    if (query.get('client_id') !== fake.clientId || !URL.canParse(redirect)) return { status: 400, body: INVALID }
    const code = token()
    codes.add(code)
    const location = new URL(redirect)
    for (const name of ['state', 'scope']) location.searchParams.set(name, query.get(name) ?? '')
    location.searchParams.set('code', code)
    return { status: 302, location: location.href }
  }

  function swap(form: URLSearchParams): Reply {
    if (form.get('client_id') !== fake.clientId || form.get('client_secret') !== fake.clientSecret) {
      return { status: 401, body: UNAUTHORIZED }
    }
    if (form.get('grant_type') === 'refresh_token') {
      // The real one rotates at times; this one always does, so that a token used twice is noticed.
      if (!refreshTokens.delete(form.get('refresh_token') ?? '')) return { status: 400, body: INVALID }
      return { status: 200, body: grant() }
    }
    if (!codes.delete(form.get('code') ?? '')) return { status: 400, body: INVALID }
    const athlete = { id: fake.athleteId, username: 'fake', ...fake.athleteNames }
    return { status: 200, body: { ...grant(), athlete } }
  }

  function api(path: string, authorization: string | undefined): Reply {
    const expiresAt = accessTokens.get(authorization?.replace(/^Bearer /, '') ?? '')
    if (expiresAt === undefined || expiresAt * 1000 <= clock.now()) return { status: 401, body: UNAUTHORIZED }
    if (path === '/api/v3/athlete') return { status: 200, body: { id: fake.athleteId } }
    const activity = fake.activities.get(Number(/^\/api\/v3\/activities\/(\d+)$/.exec(path)?.[1]))
    if (!activity) return { status: 404, body: { message: 'Record Not Found', errors: [] } }
    return { status: 200, body: { athlete: { id: fake.athleteId }, ...activity } }
  }

  async function answer(request: IncomingMessage, body: string): Promise<Reply> {
    const url = new URL(request.url ?? '/', fake.baseUrl)
    fake.asked.push(`${request.method} ${url.pathname}`)
    await fake.gate
    if (fake.failWith !== undefined) return { status: fake.failWith, body: { message: 'Failure', errors: [] } }
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /oauth/authorize':
        return authorize(url.searchParams)
      case 'GET /done':
        return { status: 200, body: Object.fromEntries(url.searchParams) }
      case 'POST /oauth/token':
        return swap(new URLSearchParams(body))
      case 'POST /oauth/deauthorize': {
        const given = new URLSearchParams(body).get('access_token') ?? ''
        return accessTokens.delete(given)
          ? { status: 200, body: { access_token: given } }
          : { status: 401, body: UNAUTHORIZED }
      }
      default:
        return api(url.pathname, request.headers.authorization)
    }
  }

  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => void answer(request, body).then((reply) => send(response, reply, fake.headers)))
  })
  const baseUrl = await listening(server)
  const fake: FakeStrava = {
    baseUrl,
    clientId: '1',
    clientSecret: token(),
    redirectUrl: `${baseUrl}/done`,
    athleteId: 4_242,
    athleteNames: { firstname: 'Fake', lastname: 'Athlete' },
    activities: new Map(),
    asked: [],
    failWith: undefined,
    gate: undefined,
    get granted() {
      return accessTokens.size
    },
    headers: LIMITS,
    revoke() {
      accessTokens.clear()
      refreshTokens.clear()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

function send(response: ServerResponse, reply: Reply, headers: Record<string, string>): void {
  const location = reply.location === undefined ? {} : { Location: reply.location }
  response.writeHead(reply.status, { 'Content-Type': 'application/json; charset=utf-8', ...headers, ...location })
  response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body))
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
    })
  })
}
