import { describeWith } from 'millpond-e2e/servers'
import pg from 'pg'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { checkErrors, checkReads } from '../faults/check-history.ts'
import type { Read, Write } from '../faults/history.ts'
import { type Applications, startApplications } from './primary-switch/applications.ts'
import { type ApiUser, useApi } from './primary-switch/use-api.ts'
import {
  becomeMember,
  checkCounts,
  joinsOf,
  type Member,
  type SiteOperation,
  useList,
  useName,
} from './primary-switch/use-site.ts'
import { stillRunning } from './system/process-tree.ts'
import { buildSystem } from './system/start-system.ts'

const API_USERS = 3
const MEMBERS = 2
const eventually = { timeout: 60_000, interval: 50 }

const isAcknowledged = (one: Read | Write): one is Write => one.kind === 'write' && one.status === 200
const isRefused = (one: Read | Write) => one.kind === 'write' && one.status === 503
const isRead = (one: Read | Write) => one.kind === 'read' && one.status === 200
const isNamed = (one: SiteOperation): one is Read | Write => one.kind === 'read' || one.kind === 'write'

describeWith(['postgres', 'redis'], 'both applications when the PostgreSQL primary is replaced', () => {
  let applications: Applications
  let pids: number[]
  let members: Member[]
  let apiUsers: ApiUser[]
  let apiOperations: (Read | Write)[]
  let siteOperations: SiteOperation[]
  let endLoad: () => Promise<void>

  beforeAll(async () => {
    const { code, output } = await buildSystem()
    expect(code, output).toBe(0)
  }, 600_000)
  beforeEach(async () => {
    applications = await startApplications()
    const { apis, site } = applications
    pids = [...apis.all, site].map(({ pid }) => pid)
    members = await Promise.all(Array.from({ length: MEMBERS }, () => becomeMember(site)))
    ;[apiUsers, apiOperations, siteOperations] = [[], [], []]
    const ending = new AbortController()
    const { signal } = ending
    const record = (operation: SiteOperation) => void siteOperations.push(operation)
    const running = [
      ...Array.from({ length: API_USERS }, (_, index) =>
        useApi(apis, {
          address: `127.0.1.${index + 1}`,
          users: apiUsers,
          signal,
          record: (operation) => void apiOperations.push(operation),
        }),
      ),
      useList(site, { signal, record }),
      ...members.map((member) => useName(member, { signal, record })),
    ]
    endLoad = async () => {
      ending.abort()
      await Promise.all(running)
    }
  }, 180_000)
  afterEach(async () => {
    await endLoad?.()
    await applications?.stop()
  }, 60_000)

  const atNewPrimary = async (url: string, statement: string) => {
    const client = new pg.Client({ connectionString: applications.pair.urlAt('second', url) })
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }
  /** Which of what should come out has not yet, of what has begun since `since`. */
  const missing = (since: number, isIt: (one: Read | Write) => boolean, joins: readonly string[] = []) => {
    const { apis, site } = applications
    const replicas = [...(isIt === isRead ? apis.all : apis.writers), site].map(({ name }) => name)
    const all = [...apiOperations, ...siteOperations.filter(isNamed)].filter(
      (one) => one.startedAt >= since && isIt(one),
    )
    const begun = joinsOf(siteOperations).filter(({ startedAt }) => startedAt >= since)
    const outcomes = begun.map(({ kind, outcome }) => `${kind} ${outcome}`)
    return [
      ...replicas.filter((name) => !all.some(({ replica }) => replica.startsWith(`${name}#`))),
      ...joins.filter((join) => !outcomes.includes(join)),
    ]
  }
  const untilRead = async () => {
    const since = performance.now()
    await expect.poll(() => missing(since, isRead), eventually).toEqual([])
  }
  const untilServed = async () => {
    const since = performance.now()
    const joins = ['join acknowledged', 'join by form acknowledged']
    await expect.poll(() => missing(since, isAcknowledged, joins), eventually).toEqual([])
    await untilRead()
  }
  const untilWritesAreRefused = async () => {
    const since = performance.now()
    const joins = ['join refused', 'join by form kept']
    await expect.poll(() => missing(since, isRefused, joins), eventually).toEqual([])
  }

  /** What everybody saw, and what the new primary holds of it. */
  async function expectNothingLost(): Promise<void> {
    const { apiDatabase, siteDatabase, apis } = applications
    await endLoad()
    const named = siteOperations.filter(isNamed)
    const counts = siteOperations.filter((one) => one.kind === 'count')
    const joins = joinsOf(siteOperations)
    expect([...checkReads(apiOperations), ...checkReads(named), ...checkCounts(siteOperations)]).toEqual([])
    expect([...checkErrors(apiOperations), ...checkErrors(named)]).toEqual([])
    expect(joins.filter(({ outcome }) => outcome.startsWith('undeclared'))).toEqual([])
    expect(counts.filter(({ declared }) => !declared)).toEqual([])
    const statuses = [...apiOperations, ...named, ...counts].map(({ status }) => status)
    expect([...new Set(statuses)].sort()).toEqual([200, 503])

    const lost = (writes: readonly (Read | Write)[], stored: ReadonlyMap<string, number>) =>
      writes.filter((one) => isAcknowledged(one) && one.value > (stored.get(one.user) ?? 0))
    const steps = await atNewPrimary(apiDatabase, 'select user_id as user, steps as value from daily_metrics')
    const stepsOf = new Map(steps.map(({ user, value }) => [user, value]))
    expect(lost(apiOperations, stepsOf)).toEqual([])
    const people = await atNewPrimary(siteDatabase, 'select email, display_name as name from signups')
    expect(
      lost(named, new Map(people.map(({ email, name }) => [email, Number(String(name).replace('Brook ', ''))]))),
    ).toEqual([])
    const emails = new Set(people.map(({ email }) => email))
    expect(joins.filter(({ email, outcome }) => outcome === 'acknowledged' && !emails.has(email))).toEqual([])

    // What was refused may have been stored all the same: once its invalidation is delivered everybody reads the same.
    await expect.poll(() => atNewPrimary(apiDatabase, 'select id from invalidation_outbox'), eventually).toEqual([])
    for (const user of apiUsers.slice(-API_USERS)) {
      const read = await Promise.all(apis.all.map(async (api) => (await user.read(api)).value))
      expect(read).toEqual(apis.all.map(() => stepsOf.get(user.id) ?? null))
    }
    expect(stillRunning(pids)).toEqual(pids)
  }

  it('loses no acknowledged write when the primary is killed and the standby promoted', async () => {
    const { pair } = applications
    await untilServed()
    await pair.killFirst()
    await untilWritesAreRefused()
    // To a standby, which only reads.
    pair.leadToSecond()
    await untilWritesAreRefused()
    await pair.promoteSecond()
    await untilServed()
    await expectNothingLost()
  }, 180_000)

  it('loses none, and reads nothing old, when the primary is fenced and lives on', async () => {
    const { pair } = applications
    await untilServed()
    await pair.fenceFirst()
    await untilWritesAreRefused()
    // It still serves reads, over connections that are new.
    await untilRead()
    await pair.promoteSecond()
    // Connections to the old one stay open.
    pair.leadToSecond('keep')
    await untilServed()
    await expectNothingLost()
  }, 180_000)
})
