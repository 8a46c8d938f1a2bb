import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Part } from './child.ts'
import type { Operation, Read, Replica, Take, Write } from './history.ts'
import { type Answered, type Ask, createVisitor, isDeclared, type Visitor } from './http-client.ts'
import type { Target } from './target.ts'

/** Who uses the system meanwhile. All of them keep below the limits of their own address, except those who are there to meet one. */
const USERS = 20
const CHATTERS = 2
const JOINERS = 4
const READERS = 4
/** Who looks whether the system has recovered, in turn: one alone would soon have asked more often than its own limit allows, and a refusal looks like a cache that is away. */
const PROBES = 16
const GIVE_UP_MS = 30_000

const day = '2026-03-29'

export interface Workload {
  readonly operations: readonly Operation[]
  /** Reads as a user of its own until each API process has answered from the cache. */
  untilCached(): Promise<Recovery>
  /** Lets everybody finish what they are doing. */
  stop(): Promise<void>
}

/** How the system came back. */
export interface Recovery {
  /** Until the later of the two processes answered from the cache; undefined when one did not within 30 s. */
  readonly ms: number | undefined
  /** What each process answered until then, such as `API A: 9 bypass in up to 12 ms, 1 miss in up to 30 ms`. */
  readonly before: string
}

/** Starts the load: bounded, until it is stopped. */
export async function startWorkload(target: Target): Promise<Workload> {
  const operations: Operation[] = []
  const visitors: Visitor[] = []
  const stopping = new AbortController()
  // Everybody pauses on it.
  setMaxListeners(0, stopping.signal)
  const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal }).catch(() => {})
  const isOver = () => stopping.signal.aborted

  function visitorAt(address: string): Visitor {
    const visitor = createVisitor(address)
    visitors.push(visitor)
    return visitor
  }

  async function newUser(address: string): Promise<User> {
    const visitor = visitorAt(address)
    const sub = crypto.randomUUID()
    const { body } = await visitor.ask(`${urlOf(target.apiA)}/dev/token`, { method: 'POST', body: { sub } })
    return { id: sub, visitor, authorization: `Bearer ${JSON.parse(body).token}` }
  }

  async function write(user: User, part: Part, value: number): Promise<Write> {
    const body = { source: 'watch', daily_metrics: [{ date: day, steps: value }] }
    const { answered, ...rest } = await askPart(user, part, '/api/v1/health/ingest', { method: 'POST', body })
    const made: Write = { kind: 'write', ...rest, user: user.id, value, status: answered.status }
    operations.push(made)
    return made
  }

  async function read(user: User, part: Part): Promise<Read> {
    const { answered, ...rest } = await askPart(user, part, `/api/v1/analytics/daily-summary?date=${day}`)
    const value = answered.status === 200 ? (JSON.parse(answered.body).steps as number | null) : undefined
    const made: Read = {
      kind: 'read',
      ...rest,
      user: user.id,
      value,
      status: answered.status,
      outcome: outcomeOf(answered),
    }
    operations.push(made)
    return made
  }

  /** Writes by both processes in turn, and reads by both while and after each write. */
  async function liveAsUser(user: User, index: number): Promise<void> {
    const { apiA, apiB } = target
    await pause(index * 100)
    for (let value = 1; !isOver(); value += 1) {
      const [writer, other] = value % 2 === 0 ? [apiA, apiB] : [apiB, apiA]
      await Promise.all([write(user, writer, value), read(user, writer), read(user, other)])
      await Promise.all([read(user, writer), read(user, other)])
      await pause(2_200)
    }
  }

  async function chat(user: User): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const part = turn % 2 === 0 ? target.apiA : target.apiB
      const body = { message: 'How did I sleep?' }
      const { answered, ...rest } = await askPart(user, part, '/api/v1/chat', { method: 'POST', body })
      operations.push(toTake({ limit: 'chat', identity: user.id, ...rest }, answered))
      await pause(600)
    }
  }

  async function join(visitor: Visitor, identity: string): Promise<void> {
    while (!isOver()) {
      const body = { email: `person-${crypto.randomUUID()}@test.invalid` }
      const answered = await visitor.ask(`${urlOf(target.site)}/api/waitlist/join`, { method: 'POST', body })
      const { startedAt, endedAt } = answered
      const declared = isExplained(target.site, { answered, life: 1 })
      operations.push(toTake({ limit: 'join', identity, startedAt, endedAt, declared }, answered))
      await pause(1_300)
    }
  }

  async function look(visitor: Visitor): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const path = ['/', '/api/waitlist/stats', '/leaderboard', '/api/waitlist/leaderboard'][turn % 4] ?? '/'
      const answered = await visitor.ask(`${urlOf(target.site)}${path}`)
      const { status, startedAt, endedAt } = answered
      const declared = isExplained(target.site, { answered, life: 1 })
      operations.push({ kind: 'page', path, status, startedAt, endedAt, declared })
      await pause(900)
    }
  }

  async function untilHit(user: User, part: Part): Promise<Recovery> {
    const startedAt = performance.now()
    const answers = new Map<string, number[]>()
    const toRecovery = (ms: number | undefined) => ({ ms, before: `${part.name}: ${toWords(answers) || 'hit'}` })
    while (performance.now() - startedAt < GIVE_UP_MS) {
      const { outcome, status, ...took } = await read(user, part)
      if (outcome === 'hit') return toRecovery(performance.now() - startedAt)
      const answer = outcome ?? `status ${status}`
      answers.set(answer, [...(answers.get(answer) ?? []), took.endedAt - took.startedAt])
      await delay(100)
    }
    return toRecovery(undefined)
  }

  const probes = await Promise.all(Array.from({ length: PROBES }, (_, index) => newUser(`127.0.9.${index + 1}`)))
  const users = await Promise.all(Array.from({ length: USERS }, (_, index) => newUser(`127.0.1.${index + 1}`)))
  const chatters = await Promise.all(Array.from({ length: CHATTERS }, (_, index) => newUser(`127.0.2.${index + 1}`)))
  const running = [
    ...users.map(liveAsUser),
    ...chatters.map(chat),
    ...Array.from({ length: JOINERS }, (_, index) => join(visitorAt(`127.0.3.${index + 1}`), `address ${index + 1}`)),
    ...Array.from({ length: READERS }, (_, index) => look(visitorAt(`127.0.4.${index + 1}`))),
  ]

  return {
    operations,
    async untilCached() {
      const [probe] = probes.splice(0, 1)
      if (probe === undefined) throw new TypeError('Cannot look for a recovery: it is being looked for already')
      const parts = await Promise.all([untilHit(probe, target.apiA), untilHit(probe, target.apiB)])
      probes.push(probe)
      const times = parts.map(({ ms }) => ms ?? Number.POSITIVE_INFINITY)
      const ms = Math.max(...times)
      return { ms: Number.isFinite(ms) ? ms : undefined, before: parts.map(({ before }) => before).join('; ') }
    },
    async stop() {
      stopping.abort()
      await Promise.all(running)
      for (const visitor of visitors) visitor.close()
    },
  }
}

function toWords(answers: ReadonlyMap<string, readonly number[]>): string {
  const parts = [...answers].map(([answer, ms]) => `${ms.length} ${answer} in up to ${Math.round(Math.max(...ms))} ms`)
  return parts.join(', ')
}

interface User {
  readonly id: string
  readonly visitor: Visitor
  readonly authorization: string
}

const urlOf = (part: Part) => String(part.ready.url)

async function askPart({ visitor, authorization }: User, part: Part, path: string, ask: Ask = {}) {
  const { life, name } = part
  const answered = await visitor.ask(`${urlOf(part)}${path}`, { ...ask, headers: { authorization } })
  const { startedAt, endedAt } = answered
  const replica: Replica = `${name}#${life}`
  return { answered, replica, startedAt, endedAt, declared: isExplained(part, { answered, life }) }
}

/** No answer at all is explained by the end of the process alone. */
function isExplained(part: Part, { answered, life }: { answered: Answered; life: number }): boolean {
  return answered.status === 0 ? part.isDown || part.life !== life : isDeclared(answered)
}

function toTake(
  about: Pick<Take, 'limit' | 'identity' | 'startedAt' | 'endedAt' | 'declared'>,
  { status, headers }: Answered,
): Take {
  const allowed = status === 200 || status === 201
  return { kind: 'take', ...about, status, allowed, degraded: headers['x-ratelimit-limit'] === undefined }
}

function outcomeOf({ headers }: Answered): Read['outcome'] {
  const text = String(headers['cache-status'] ?? '')
  if (/; hit(;|$)/.test(text)) return 'hit'
  return (/; fwd=(?:uri-)?(miss|bypass)/.exec(text)?.[1] as 'miss' | 'bypass' | undefined) ?? undefined
}
