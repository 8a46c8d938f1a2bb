import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { eq, sql } from 'drizzle-orm'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { describeWith, type StartedPostgres, startPgBouncer, startPostgres } from 'millpond-e2e/servers'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { isDatabaseAway, openPostgres } from '../index.mjs'

const brooks = pgTable('brooks', { name: text().primaryKey() })
const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url))
const CONNECTIONS = 4

describeWith('postgres', 'openPostgres()', () => {
  let postgres: StartedPostgres
  let url: string
  beforeAll(async () => {
    postgres = await startPostgres()
    url = await postgres.createDatabase()
  })
  afterAll(() => postgres?.stop())

  const lost: string[] = []
  const open = () =>
    openPostgres({
      url,
      schema: { brooks },
      migrationsFolder,
      migrationLock: 7,
      connections: CONNECTIONS,
      onLost: ({ message }) => void lost.push(message),
    })

  it('migrates once however many open it together', async () => {
    const opened = await Promise.all([open(), open(), open()])
    expect(await opened[0]?.db.query.brooks.findMany()).toEqual([])
    await Promise.all(opened.map(({ close }) => close()))
  })

  it('rejects, and no more, when its connection breaks while it waits for another migration', async () => {
    const other = new pg.Client({ connectionString: url })
    other.on('error', () => {})
    await other.connect()
    await other.query('select pg_advisory_lock(7)')
    const opening = open().catch(isDatabaseAway)
    const waiting = `select 1 from pg_stat_activity where query like '%try_advisory_xact_lock%' and pid <> pg_backend_pid()`
    await vi.waitFor(async () => expect((await other.query(waiting)).rowCount).toBe(1), 20_000)
    await postgres.crash()
    expect(await opening).toBe(true)
    await postgres.restart()
  })

  it('has every connection back when transactions cannot begin', async () => {
    const { db, close } = await open()
    const query = vi.spyOn(pg.Client.prototype, 'query').mockRejectedValue(new Error('Connection terminated'))
    const begun = Array.from({ length: 3 * CONNECTIONS }, () => db.transaction(async () => {}))
    const failed = await Promise.all(begun.map((one) => one.catch(isDatabaseAway)))
    query.mockRestore()
    expect(failed).toEqual(failed.map(() => true))
    const asked = Array.from({ length: 3 * CONNECTIONS }, () => db.$count(brooks))
    expect(await Promise.all(asked)).toEqual(asked.map(() => 0))
    await close()
  })

  it('uses no connection again whose transaction failed', async () => {
    const { db, close } = await open()
    const pidOf = async (on: Pick<typeof db, 'execute'>) =>
      (await on.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)).rows[0]?.pid
    let before: number | undefined
    const failed = db.transaction(async (tx) => {
      before = await pidOf(tx)
      throw new RangeError('dry')
    })
    await expect(failed).rejects.toThrow('dry')
    expect(await pidOf(db)).not.toBe(before)
    expect(await db.transaction(pidOf)).toBe(await pidOf(db))
    await close()
  })

  it('outlives a connection that breaks, also between two statements of a transaction', async () => {
    const { db, close } = await open()
    const query = vi.spyOn(pg.Client.prototype, 'query')
    const failed = db.transaction(async (tx) => {
      await tx.insert(brooks).values({ name: 'half' })
      const client = query.mock.contexts.at(-1) as pg.Client
      // Its end arrives while nobody waits for an answer.
      const ended = new Promise<void>((resolve) => void client.once('end', resolve))
      await postgres.crash()
      await ended
      await tx.$count(brooks)
    })
    await expect(failed).rejects.toSatisfy(isDatabaseAway)
    query.mockRestore()
    await expect(db.$count(brooks)).rejects.toSatisfy(isDatabaseAway)
    await postgres.restart()
    await vi.waitFor(async () => expect(await db.$count(brooks)).toBe(0), 20_000)
    await close()
  })

  it('tells of a connection that breaks while nobody uses it', async () => {
    const { db, close } = await open()
    await db.$count(brooks)
    await postgres.crash()
    await vi.waitFor(() => expect(lost.length).toBeGreaterThan(0), 20_000)
    await postgres.restart()
    await vi.waitFor(async () => expect(await db.$count(brooks)).toBe(0), 20_000)
    await close()
  })

  it('gives up a statement that takes too long, one of a migration after ten minutes', async () => {
    const { db, close } = await open()
    const { rows } = await db.execute(sql`show statement_timeout`)
    expect(rows).toEqual([{ statement_timeout: '10s' }])
    await close()
    const query = vi.spyOn(pg.Client.prototype, 'query')
    await (await open()).close()
    const [lock] = query.mock.contexts
    query.mockRestore()
    expect(Object(lock).connectionParameters).toMatchObject({ statement_timeout: false, query_timeout: 600_000 })
  })

  it('close() ends although a connection is never given back', async () => {
    const { db, close } = await open()
    let leave = () => {}
    let kept = Promise.resolve()
    await new Promise<void>((isIn) => {
      kept = db.transaction(async (tx) => {
        await tx.$count(brooks)
        await new Promise<void>((resolve) => {
          leave = resolve
          isIn()
        })
      })
    })
    await close()
    leave()
    await kept.catch(() => {})
  })

  it('counts a server that accepts and says nothing as away', async () => {
    const silent = createServer((socket) => void sockets.push(socket))
    const sockets: Socket[] = []
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const { port } = silent.address() as AddressInfo
    const hung = openPostgres({
      url: `postgres://127.0.0.1:${port}/none`,
      schema: {},
      migrationsFolder,
      migrationLock: 7,
    })
    await expect(hung).rejects.toSatisfy(isDatabaseAway)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('rejects with the driver’s error when nobody answers', async () => {
    await expect(
      openPostgres({ url: 'postgres://127.0.0.1:1/none', schema: {}, migrationsFolder, migrationLock: 7 }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describeWith(
  ['postgres', 'pgbouncer'],
  'openPostgres() through PgBouncer, which lends a connection for one transaction',
  () => {
    it('migrates once however many open it together, leaves no lock behind, and has its transactions', async () => {
      const postgres = await startPostgres()
      const bouncer = await startPgBouncer(await postgres.createDatabase())
      const open = () => openPostgres({ url: bouncer.url, schema: { brooks }, migrationsFolder, migrationLock: 7 })
      try {
        const opened = await Promise.all([open(), open(), open()])
        opened.push(await open())
        const insert = async ({ db }: Awaited<ReturnType<typeof open>>, index: number) =>
          db.transaction(async (tx) => {
            await tx.insert(brooks).values({ name: `brook ${index}` })
            return tx
              .select()
              .from(brooks)
              .where(eq(brooks.name, `brook ${index}`))
          })
        const found = await Promise.all([...opened, ...opened, ...opened].map(insert))
        expect(found.map(([row]) => row?.name)).toEqual(found.map((_, index) => `brook ${index}`))
        expect(await opened[0]?.db.query.brooks.findMany()).toHaveLength(found.length)
        await Promise.all(opened.map(({ close }) => close()))
      } finally {
        await bouncer.stop()
        await postgres.stop()
      }
    })
  },
)
