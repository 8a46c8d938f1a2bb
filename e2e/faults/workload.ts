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

const day = '2026-03-29'

export interface Workload {
  readonly operations: readonly Operation[]
  /** Reads as a user of its own until both API processes answer from the cache; gives how long that took. Undefined when it does not happen within 30 s. */
  untilCached(): Promise<number | undefined>
  /** Lets everybody finish what they are doing. */
  stop(): Promise<void>
}

/** Starts the load: bounded, until it is stopped. */
export async function startWorkload(target: Target): Promise<Workload> {
  const operations: Operation[] = []
  const visitors: Visitor[] = []
  const stopping = new AbortController()
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

  const probe = await newUser('127.0.9.1')
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
      const startedAt = performance.now()
      while (performance.now() - startedAt < 30_000) {
        const reads = await Promise.all([read(probe, target.apiA), read(probe, target.apiB)])
        if (reads.every(({ outcome }) => outcome === 'hit')) return performance.now() - startedAt
        await delay(100)
      }
      return undefined
    },
    async stop() {
      stopping.abort()
      await Promise.all(running)
      for (const visitor of visitors) visitor.close()
    },
  }
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
