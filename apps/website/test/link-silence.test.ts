import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { expect, it } from 'vitest'
import type { RouteContext } from '../src/api/api-route.ts'
import * as schema from '../src/db/schema.ts'
import type { Runtime } from '../src/lib/runtime.ts'
import { answerLink } from '../src/waitlist/answer-person.ts'
import { postJson } from './call-site.ts'
import { readMailLink } from './read-mail.ts'
import { startSite } from './start-site.ts'

it('answerLink() asks the database the same before its answer whether the address is on the list or not', async () => {
  const statements: string[] = []
  const logger = { logQuery: (query: string) => void statements.push(query) }
  const pglite = await PGlite.create()
  const db = drizzle(pglite, { schema, logger })
  await migrate(db, { migrationsFolder: join(import.meta.dirname, '../drizzle') })
  await db
    .insert(schema.signups)
    .values([{ email: 'confirmed@x.org', confirmedAt: new Date(), seq: 1 }, { email: 'listed@x.org' }])
  let nudges = 0
  const runtime: Partial<Runtime> = {
    database: { kind: 'pglite', db, close: () => pglite.close() },
    nudgeMailer: async () => {
      nudges += 1
    },
  }
  const ask = async (email: string) => {
    const left: (() => Promise<void>)[] = []
    statements.length = 0
    const request = new Request('http://127.0.0.1/api/waitlist/link', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
    })
    const context: Partial<RouteContext> = { request, runtime: runtime as Runtime, later: (work) => left.push(work) }
    const answer = await answerLink(context as RouteContext)
    const before = [answer.status, await answer.text(), left.length, ...statements]
    for (const work of left) await work()
    return before
  }
  const queued = () => db.$count(schema.mailOutbox)

  const unlisted = await ask('nobody@x.org')
  expect([unlisted.length, await queued()]).toEqual([4, 0])
  expect([await ask('listed@x.org'), await ask('confirmed@x.org')]).toEqual([unlisted, unlisted])
  const mails = await db
    .select({ email: schema.signups.email, kind: schema.mailOutbox.kind })
    .from(schema.mailOutbox)
    .innerJoin(schema.signups, eq(schema.signups.id, schema.mailOutbox.signupId))
    .orderBy(schema.signups.email)
  expect(mails).toEqual([
    { email: 'confirmed@x.org', kind: 'place' },
    { email: 'listed@x.org', kind: 'confirm' },
  ])
  expect(nudges).toBe(2)
  await pglite.close()
})

it('answerLink() writes to a listed address after its answer', async () => {
  const site = await startSite({ CLIENT_ADDRESS: 'proxies:1', DEMO_DATA: '1' })
  const body = { email: 'priya.brook@example.org' }
  expect((await postJson(`${site.url}/api/waitlist/link`, { from: '192.0.2.1', body })).status).toBe(202)
  expect(await readMailLink(site.url, body.email)).toContain('/confirm?token=')
  await site.stop()
})
