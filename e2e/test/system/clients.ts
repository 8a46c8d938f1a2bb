import type { RunInfo } from './start-system.ts'

/** An answer with its body read, so that bodies can be compared byte for byte. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

const json = (value: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

/** The health API as one user sees it. */
export interface User {
  dailySummary(date: string): Promise<Answer>
  /** Stores the steps of a day, replacing what this user sent for it before. */
  ingestSteps(date: string, steps: number): Promise<Answer>
}

export function userWith(api: string, token: string): User {
  const authorization = `Bearer ${token}`
  return {
    dailySummary: (date) => ask(`${api}/api/v1/analytics/daily-summary?date=${date}`, { headers: { authorization } }),
    ingestSteps: (date, steps) =>
      ask(`${api}/api/v1/health/ingest`, json({ source: 'e2e', daily_metrics: [{ date, steps }] }, { authorization })),
  }
}

/** A user nobody has seen before, with a token of the development issuer. */
export async function newUser({ api }: RunInfo): Promise<User> {
  const { body } = await ask(`${api}/dev/token`, json({ sub: crypto.randomUUID() }))
  return userWith(api, JSON.parse(body).token)
}

export const joinWaitlist = ({ site }: RunInfo): Promise<Answer> =>
  ask(`${site}/api/waitlist/join`, json({ email: `person-${crypto.randomUUID()}@test.invalid` }))

/** How the cache answered, from Cache-Status (RFC 9211). */
export function cacheOutcome({ headers }: Answer): 'hit' | 'miss' | 'bypass' | undefined {
  const status = headers.get('cache-status') ?? ''
  if (/; hit(;|$)/.test(status)) return 'hit'
  return (/; fwd=(?:uri-)?(miss|bypass)/.exec(status)?.[1] as 'miss' | 'bypass' | undefined) ?? undefined
}
