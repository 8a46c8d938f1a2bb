import { fileURLToPath } from 'node:url'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { describeWith, type StartedPostgresPair, startPostgresPair } from 'millpond-e2e/servers'
import pg from 'pg'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { isDatabaseAway, type OpenPostgres, openPostgres } from '../index.mjs'

const brooks = pgTable('brooks', { name: text().primaryKey() })
const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url))
const CONNECTIONS = 4
const cancelWaiting = `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`
const soon = { timeout: 20_000, interval: 20 }

describeWith('postgres', 'openPostgres() when the primary is replaced', () => {
  let pair: StartedPostgresPair
  let url: string
  let opened: OpenPostgres<{ brooks: typeof brooks }> | undefined
  beforeEach(async () => {
    pair = await startPostgresPair()
    url = await pair.createDatabase()
  })
  afterEach(async () => {
    await opened?.close()
    opened = undefined
    await pair.stop()
  })

  const open = async () => {
    opened = await openPostgres({
      url,
      schema: { brooks },
      migrationsFolder,
      migrationLock: 7,
      connections: CONNECTIONS,
      queryTimeoutMs: 1_500,
    })
    return opened
  }
  const atServer = async (server: 'first' | 'second', statement: string) => {
    const client = new pg.Client({ connectionString: pair.urlAt(server, url) })
    await client.connect()
    const { rows } = await client.query(statement)
    await client.end()
    return rows
  }
  const several = <T>(run: () => Promise<T>) => Promise.all(Array.from({ length: CONNECTIONS }, run))

  it('reads what it wrote, although the old one goes on answering on open connections', async () => {
    const { db } = await open()
    await several(() => db.$count(brooks))
    await pair.fenceFirst()
    await pair.promoteSecond()
    pair.leadToSecond('keep')
    await expect(db.insert(brooks).values({ name: 'refused' })).rejects.toSatisfy(isDatabaseAway)
    await db.insert(brooks).values({ name: 'first' })
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(1))
    await db.transaction((tx) => tx.insert(brooks).values({ name: 'second' }))
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(2))
  })

  it('has none but new answers when the old one was told to only read, although nobody writes', async () => {
    const { db } = await open()
    await several(() => db.$count(brooks))
    await pair.fenceFirst()
    await pair.promoteSecond()
    await atServer('second', `insert into brooks values ('elsewhere')`)
    pair.leadToSecond('keep')
    const isAway = (error: unknown) => (isDatabaseAway(error) ? 'away' : error)
    const counts = await several<unknown>(() => db.$count(brooks).catch(isAway))
    expect(counts.filter((count) => count !== 'away' && count !== 1)).toEqual([])
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(1))
  })

  it('serves reads from one that only reads and stays where it is', async () => {
    const { db } = await open()
    await pair.fenceFirst()
    await db.$count(brooks).catch(isDatabaseAway)
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(0))
  })

  it('has none but new answers although it came back to the old one before the address led to another', async () => {
    const { db } = await open()
    await pair.fenceFirst()
    await db.$count(brooks).catch(isDatabaseAway)
    await several(() => db.$count(brooks))
    await pair.promoteSecond()
    await atServer('second', `insert into brooks values ('elsewhere')`)
    pair.leadToSecond('keep')
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(1))
  })

  it('leaves the connections to the old one as soon as one leads to another, although nothing fails', async () => {
    const { db } = await open()
    await db.transaction(async (tx) => {
      await tx.$count(brooks)
      await pair.promoteSecond()
      pair.leadToSecond('keep')
      await db.insert(brooks).values({ name: 'beside' })
    })
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(1))
  })

  it('takes no write for done that the standby has not got, although the server says so when it is told to wait no longer', async () => {
    const { db } = await open()
    await pair.promoteSecond()
    const written = db.insert(brooks).values({ name: 'lost' })
    const failed = expect(written).rejects.toMatchObject({ cause: { code: '40003' } })
    await vi.waitFor(async () => expect(await atServer('first', cancelWaiting)).toHaveLength(1), soon)
    await failed
    pair.leadToSecond('keep')
    await db.insert(brooks).values({ name: 'kept' })
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(1))
  })

  it('asks no standby, and goes on when it is promoted', async () => {
    const { db } = await open()
    await pair.killFirst()
    pair.leadToSecond()
    await vi.waitFor(() => expect(db.$count(brooks)).rejects.toMatchObject({ cause: { code: '25006' } }), soon)
    await pair.promoteSecond()
    await vi.waitFor(async () => expect(await db.$count(brooks)).toBe(0), soon)
  })

  it('waits once for a connection that went silent: neither for its rollback nor for the others that are as old', async () => {
    const { db } = await open()
    await several(() => db.$count(brooks))
    const query = vi.spyOn(pg.Client.prototype, 'query')
    const failed = db.transaction(async (tx) => {
      pair.proxy.forget()
      await tx.insert(brooks).values({ name: 'silent' })
    })
    const error = await failed.catch((thrown: unknown) => thrown)
    query.mockRestore()
    expect(isDatabaseAway(error)).toBe(true)
    // The rollback had no time of its own.
    expect(String(Object(error).cause ?? error)).not.toContain('Query read timeout')
    expect(await several(() => db.$count(brooks))).toEqual(Array(CONNECTIONS).fill(0))
  })

  it('rejects when the server goes silent while another migration is waited for', async () => {
    const other = new pg.Client({ connectionString: pair.urlAt('first', url) })
    await other.connect()
    await other.query('select pg_advisory_lock(7)')
    const opening = open().then(
      () => 'opened',
      (error: unknown) => isDatabaseAway(error),
    )
    const waiting = `select 1 from pg_stat_activity where query like '%try_advisory_xact_lock%' and pid <> pg_backend_pid()`
    await vi.waitFor(async () => expect((await other.query(waiting)).rowCount).toBe(1), soon)
    pair.proxy.forget()
    expect(await opening).toBe(true)
    await other.end()
  })
})
