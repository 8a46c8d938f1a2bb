import { setTimeout as delay } from 'node:timers/promises'
import type { Part } from '../../faults/child.ts'
import type { Read, Write } from '../../faults/history.ts'
import { type Ask, createVisitor, isDeclared, type Visitor } from '../../faults/http-client.ts'
import type { Applications } from './applications.ts'

const day = '2026-03-29'
/** Then somebody else takes over: one who asks for longer meets the limit of a user. */
const ROUNDS = 20
const PAUSE_MS = 150

export interface ApiUser {
  readonly id: string
  write(part: Part, value: number): Promise<Write>
  read(part: Part): Promise<Read>
}

async function newUser(visitor: Visitor, api: Part): Promise<ApiUser> {
  const id = crypto.randomUUID()
  const { body } = await visitor.ask(`${api.ready.url}/dev/token`, { method: 'POST', body: { sub: id } })
  const headers = { authorization: `Bearer ${JSON.parse(body).token}` }
  const ask = async (part: Part, path: string, options: Ask = {}) => {
    const answered = await visitor.ask(`${part.ready.url}/api/v1${path}`, { ...options, headers })
    const { status, startedAt, endedAt } = answered
    const declared = isDeclared(answered)
    return {
      answered,
      about: { user: id, replica: `${part.name}#${part.life}`, status, startedAt, endedAt, declared } as const,
    }
  }
  return {
    id,
    async write(part, value) {
      const body = { source: 'watch', daily_metrics: [{ date: day, steps: value }] }
      const { about } = await ask(part, '/health/ingest', { method: 'POST', body })
      // Redis answers all the time, so that every other process must know of it as soon as it is acknowledged.
      return { kind: 'write', ...about, value, ...(about.status === 200 && { deliveredAt: about.endedAt }) }
    },
    async read(part) {
      const { answered, about } = await ask(part, `/analytics/daily-summary?date=${day}`)
      const value = about.status === 200 ? JSON.parse(answered.body).steps : undefined
      return { kind: 'read', ...about, value, outcome: undefined }
    },
  }
}

/** Writes by the writers in turn and reads by all, while and after each write, until `signal`. */
export async function useApi(
  { writers, all }: Applications['apis'],
  {
    address,
    users,
    signal,
    record,
  }: {
    address: string
    users: ApiUser[]
    signal: AbortSignal
    record: (operation: Read | Write) => void
  },
): Promise<void> {
  const visitor = createVisitor(address)
  const toRecord = async (operation: Promise<Read | Write>) => record(await operation)
  while (!signal.aborted) {
    const user = await newUser(visitor, all[0] as Part)
    users.push(user)
    for (let value = 1; value <= ROUNDS && !signal.aborted; value += 1) {
      const writer = writers[value % writers.length] as Part
      const reader = all[value % all.length] as Part
      await Promise.all([toRecord(user.write(writer, value)), toRecord(user.read(reader))])
      await Promise.all(all.map((api) => toRecord(user.read(api))))
      await delay(PAUSE_MS)
    }
  }
  visitor.close()
}
