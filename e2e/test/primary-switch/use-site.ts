import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Part } from '../../faults/child.ts'
import type { Read, Write } from '../../faults/history.ts'
import { type Answered, type Ask, createVisitor, isDeclared } from '../../faults/http-client.ts'

const PAUSE_MS = 150
let asked = 0

/** Somebody asked for a place, or looked how many have one. */
export interface Join {
  readonly kind: 'join' | 'join by form'
  readonly email: string
  /** `kept`: a form that came back with what was typed in it; `refused`: 503 as problem+json. */
  readonly outcome: 'acknowledged' | 'kept' | 'refused' | `undeclared: ${string}`
  readonly startedAt: number
  readonly endedAt: number
}
export interface Count {
  readonly kind: 'count'
  readonly status: number
  /** How many there are; undefined when there was no answer. */
  readonly value: number | undefined
  readonly declared: boolean
  readonly startedAt: number
}
export type SiteOperation = Join | Count | Read | Write

/** Each request comes from an address of its own: the limits count by address. */
async function ask(site: Part, path: string, options?: Ask): Promise<Answered> {
  asked += 1
  const visitor = createVisitor(`127.1.${asked >> 7}.${(asked & 127) + 1}`)
  const answered = await visitor.ask(`${site.ready.url}${path}`, options)
  visitor.close()
  return answered
}

const newEmail = () => `person-${crypto.randomUUID()}@test.invalid`

function cookieOf({ headers }: Answered): string {
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';')[0])
    .join('; ')
}

async function joinAsClient(site: Part): Promise<Join> {
  const email = newEmail()
  const answered = await ask(site, '/api/waitlist/join', { method: 'POST', body: { email } })
  const { status, startedAt, endedAt, body } = answered
  const other = isDeclared(answered) && status === 503 ? 'refused' : (`undeclared: ${status} ${body}` as const)
  return { kind: 'join', email, startedAt, endedAt, outcome: status === 201 ? 'acknowledged' : other }
}

/** Without JavaScript: what became of it is told by the page that the answer leads to. */
async function joinByForm(site: Part): Promise<Join> {
  const email = newEmail()
  const answered = await ask(site, '/api/waitlist/join', { method: 'POST', form: { email } })
  const { status, startedAt } = answered
  const page = await ask(site, String(answered.headers.location).replace(/#.*/, ''), {
    headers: { cookie: cookieOf(answered) },
  })
  const join = { kind: 'join by form', email, startedAt, endedAt: page.endedAt } as const
  if (status === 303 && page.body.includes('Check your inbox.')) return { ...join, outcome: 'acknowledged' }
  const isKept = page.body.includes('Your address was not saved') && page.body.includes(`value="${email}"`)
  return {
    ...join,
    outcome: status === 303 && isKept ? 'kept' : `undeclared: ${status}, then ${page.status} ${page.body}`,
  }
}

async function countPeople(site: Part): Promise<Count> {
  const answered = await ask(site, '/api/waitlist/stats')
  const { status, startedAt, body } = answered
  const value = status === 200 ? JSON.parse(body).totalSignups : undefined
  return { kind: 'count', status, value, declared: isDeclared(answered), startedAt }
}

/** Somebody who is on the list and changes the name that stands there. */
export interface Member {
  readonly email: string
  write(value: number): Promise<Write>
  read(): Promise<Read>
}

/** Joins, reads the mail and confirms. */
export async function becomeMember(site: Part): Promise<Member> {
  const email = newEmail()
  const joined = await ask(site, '/api/waitlist/join', { method: 'POST', body: { email } })
  expect(joined.status).toBe(201)
  let token = ''
  const look = async () => {
    const mails = (await ask(site, '/dev/mail')).body.replaceAll('<!-- -->', '').split('<li')
    token = /\/confirm\?token=([^"]+)"/.exec(mails.find((mail) => mail.includes(`to ${email}, `)) ?? '')?.[1] ?? ''
    return token
  }
  await expect.poll(look, { timeout: 20_000 }).not.toBe('')
  const confirmed = await ask(site, '/api/waitlist/confirm', { method: 'POST', body: { token } })
  expect(confirmed.status).toBe(200)
  const headers = { cookie: cookieOf(confirmed) }
  const toAbout = (answered: Answered) => {
    const { status, startedAt, endedAt } = answered
    const replica = `${site.name}#${site.life}` as const
    return { user: email, replica, status, startedAt, endedAt, declared: isDeclared(answered) }
  }
  return {
    email,
    async write(value) {
      const body = { displayName: `Brook ${value}` }
      const answered = await ask(site, '/api/waitlist/name', { method: 'POST', body, headers })
      return { kind: 'write', ...toAbout(answered), value }
    },
    async read() {
      const answered = await ask(site, '/api/waitlist/status', { headers })
      const name = answered.status === 200 ? JSON.parse(answered.body).displayName : undefined
      const value = typeof name === 'string' ? Number(name.replace('Brook ', '')) : name
      return { kind: 'read', ...toAbout(answered), value, outcome: undefined }
    },
  }
}

interface Use {
  readonly signal: AbortSignal
  readonly record: (operation: SiteOperation) => void
}

/** Joins by both ways in turn, and counts after each, until `signal`. */
export async function useList(site: Part, { signal, record }: Use): Promise<void> {
  while (!signal.aborted) {
    for (const join of [joinAsClient, joinByForm]) {
      record(await join(site))
      record(await countPeople(site))
      await delay(PAUSE_MS)
    }
  }
}

/** Changes the name and reads it, until `signal`. */
export async function useName(member: Member, { signal, record }: Use): Promise<void> {
  for (let value = 1; !signal.aborted; value += 1) {
    record(await member.write(value))
    record(await member.read())
    await delay(PAUSE_MS)
  }
}

export const joinsOf = (operations: readonly SiteOperation[]): Join[] =>
  operations.flatMap((one) => ('email' in one ? [one] : []))

/** Who has joined must be counted from then on. */
export function checkCounts(operations: readonly SiteOperation[]): string[] {
  const joins = joinsOf(operations)
  return operations.flatMap((one) => {
    if (one.kind !== 'count' || one.value === undefined) return []
    const known = joins.filter((join) => join.outcome === 'acknowledged' && join.endedAt <= one.startedAt).length
    return one.value < known
      ? [`${one.value} were counted at ${Math.round(one.startedAt)}, after ${known} had joined`]
      : []
  })
}
