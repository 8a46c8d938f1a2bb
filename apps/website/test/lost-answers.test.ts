import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RouteContext } from '../src/api/api-route.ts'
import { readConfig } from '../src/config.ts'
import * as schema from '../src/db/schema.ts'
import type { Runtime } from '../src/lib/runtime.ts'
import { answerConfirm } from '../src/waitlist/answer-confirm.ts'
import { answerLeave, answerRemove, answerReverse } from '../src/waitlist/answer-leave.ts'
import { confirmSignup } from '../src/waitlist/confirm.ts'
import { writePersonToken } from '../src/waitlist/person-token.ts'
import { removeSignup, reverseReferral } from '../src/waitlist/remove.ts'

const secret = 's'.repeat(32)
const adminToken = 'a'.repeat(40)
const email = 'ada@x.org'

/** What is computed from the list is to be read anew, although this request finds that all is done. */
describe('a request whose first answer the database lost', () => {
  let pglite: PGlite
  let db: ReturnType<typeof drizzle<typeof schema>>
  let id: string
  let changes = 0
  beforeAll(async () => {
    pglite = await PGlite.create()
    db = drizzle(pglite, { schema })
    await migrate(db, { migrationsFolder: join(import.meta.dirname, '../drizzle') })
  })
  afterAll(() => pglite?.close())
  beforeEach(async () => {
    await db.delete(schema.signups)
    const people = [{ email }, { email: 'friend@x.org' }]
    const [ada, friend] = await db.insert(schema.signups).values(people).returning({ id: schema.signups.id })
    id = ada?.id ?? ''
    await db.insert(schema.referralCodes).values({ code: 'ABCDEFGH', signupId: id })
    await db.insert(schema.referrals).values({ referredId: id, referrerId: friend?.id ?? '' })
    changes = 0
  })

  const ask = async (answer: (context: RouteContext) => Promise<Response>, body: object) => {
    const runtime: Partial<Runtime> = {
      config: readConfig({ ADMIN_TOKEN: adminToken }, { hasOwnServer: true }),
      secrets: { cookie: secret, cacheKey: secret },
      database: { kind: 'pglite', db, close: () => pglite.close() },
      publicUrl: () => 'http://127.0.0.1',
      waitlistChanged: async () => {
        changes += 1
      },
    }
    const cookie = writePersonToken(id, { purpose: 'person', secret, issuedAt: new Date() })
    const request = new Request('http://127.0.0.1', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${adminToken}`,
        cookie: `headwater_me=${cookie}`,
      },
      body: JSON.stringify(body),
    })
    const context: Partial<RouteContext> = { request, runtime: runtime as Runtime }
    return [(await answer(context as RouteContext)).status, changes]
  }

  it('answerConfirm() tells that the list has changed', async () => {
    await confirmSignup(db, id, new Date())
    const token = writePersonToken(id, { purpose: 'mail-link', secret, issuedAt: new Date() })
    expect(await ask(answerConfirm, { token })).toEqual([200, 1])
  })

  it('answerLeave() and answerRemove() do', async () => {
    await removeSignup(db, id)
    expect(await ask(answerLeave, {})).toEqual([200, 1])
    expect(await ask(answerRemove, { email })).toEqual([200, 2])
  })

  it('answerReverse() does', async () => {
    await reverseReferral(db, id, new Date())
    expect(await ask(answerReverse, { email })).toEqual([200, 1])
  })
})
