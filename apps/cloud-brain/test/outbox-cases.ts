import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { UserId } from '../src/auth/user-id.ts'
import { createOutbox } from '../src/health/outbox.ts'
import type { Current } from './api-suite.ts'
import { dayOf, TODAY } from './harness.ts'

const newId = () => UserId.parse(randomUUID())

export function describeOutbox(current: Current): void {
  const createUser = () => current().harness.createUser()
  const summaryOf = async (user: Awaited<ReturnType<typeof createUser>>) =>
    dayOf(user.get(`/analytics/daily-summary?date=${TODAY}`))
  const outboxRows = async () => {
    const { db } = current().database
    return db.query.invalidationOutbox.findMany({ columns: { tags: true } })
  }

  describe('outbox', () => {
    it('delivers after a restart what was committed but not invalidated', async () => {
      const { harness, database } = current()
      const user = await createUser()
      await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 6 }] })
      await summaryOf(user)
      await database.db.transaction(async (tx) => {
        await tx.execute(sql`update sleep set hours = 8 where user_id = ${user.userId}`)
        await harness.outbox.write(tx, { userId: user.userId, tags: [`health:${user.userId}:${TODAY}`] })
      })
      expect((await summaryOf(user)).sleep_hours).toBe(6)
      await harness.outbox.drain()
      expect((await summaryOf(user)).sleep_hours).toBe(8)
      expect(await outboxRows()).toEqual([])
    })

    it('keeps a row until the cache has acknowledged it', async () => {
      const { db } = current().database
      const asked: string[][] = []
      const cache = {
        invalidate: async (tags: readonly string[]) => {
          asked.push([...tags])
          return { delivered: asked.length > 1 }
        },
      }
      const outbox = createOutbox({ db, cache, logger: pino({ level: 'silent' }) })
      const pending = await db.transaction((tx) => outbox.write(tx, { userId: newId(), tags: ['one', 'two'] }))
      await outbox.deliver(pending)
      outbox.stop()
      expect(await outboxRows()).toEqual([{ tags: ['one', 'two'] }])
      await outbox.drain()
      expect(await outboxRows()).toEqual([])
      expect(asked).toEqual([
        ['one', 'two'],
        ['one', 'two'],
      ])
    })

    it('asks again by itself after an error and after an outage, until the cache has acknowledged', async () => {
      const { db } = current().database
      let asked = 0
      const invalidate = async () => {
        asked += 1
        if (asked === 1) throw new Error('the cache broke')
        return { delivered: asked === 3 }
      }
      const outbox = createOutbox({ db, cache: { invalidate }, logger: pino({ level: 'silent' }) })
      await outbox.deliver(await db.transaction((tx) => outbox.write(tx, { userId: newId(), tags: ['one'] })))
      expect(await outboxRows()).toEqual([{ tags: ['one'] }])
      await vi.waitFor(async () => expect([asked, await outboxRows()]).toEqual([3, []]), { timeout: 10_000 })
      outbox.stop()
    })

    it('forgets a row only once its own tags are acknowledged, and drains however many wait', async () => {
      const { db } = current().database
      const asked: string[] = []
      const sizes: number[] = []
      const invalidate = async (tags: readonly string[]) => {
        asked.push(...tags)
        sizes.push(tags.length)
        return { delivered: true }
      }
      const outbox = createOutbox({ db, cache: { invalidate }, logger: pino({ level: 'silent' }) })
      const write = (tag: string) => db.transaction((tx) => outbox.write(tx, { userId: newId(), tags: [tag] }))
      await write('of another process')
      await outbox.deliver(await write('of this one'))
      expect([asked, await outboxRows()]).toEqual([['of this one'], [{ tags: ['of another process'] }]])
      await db.execute(sql`insert into invalidation_outbox (tags)
        select array['left ' || n] from generate_series(1, 250) n`)
      await outbox.drain()
      const left = Array.from({ length: 250 }, (_, index) => `left ${index + 1}`)
      expect([asked, await outboxRows()]).toEqual([['of this one', 'of another process', ...left], []])
      expect(sizes).toEqual([1, 100, 100, 51])
    })

    it('delivers with a change, and on its own, what waits for the same user and for nobody else', async () => {
      const { db } = current().database
      const asked: (readonly string[])[] = []
      const invalidate = async (tags: readonly string[]) => {
        asked.push(tags)
        return { delivered: true }
      }
      const outbox = createOutbox({ db, cache: { invalidate }, logger: pino({ level: 'silent' }) })
      const [ana, ben] = [newId(), newId()]
      const write = (userId: UserId, tag: string) => db.transaction((tx) => outbox.write(tx, { userId, tags: [tag] }))
      await write(ana, 'one')
      await write(ben, 'of another user')
      await write(ana, 'two')
      await db.execute(sql`insert into invalidation_outbox (tags) values ('{of an earlier version}')`)
      await outbox.settle(newId())
      expect(asked).toEqual([])
      await outbox.deliver(await write(ana, 'three'))
      expect(asked.map((tags) => [...tags].sort())).toEqual([['one', 'three', 'two']])
      await outbox.settle(ana)
      await outbox.settle(ben)
      expect(asked.slice(1)).toEqual([['of another user']])
      expect(await outboxRows()).toEqual([{ tags: ['of an earlier version'] }])
    })

    it('takes along no more than a hundred that wait for a user, the latest', async () => {
      const { db } = current().database
      const asked: string[] = []
      const invalidate = async (tags: readonly string[]) => {
        asked.push(...tags)
        return { delivered: true }
      }
      const outbox = createOutbox({ db, cache: { invalidate }, logger: pino({ level: 'silent' }) })
      const userId = newId()
      await db.execute(sql`insert into invalidation_outbox (user_id, tags)
        select ${userId}, array['left ' || n] from generate_series(1, 103) n`)
      await outbox.deliver(await db.transaction((tx) => outbox.write(tx, { userId, tags: ['one'] })))
      const latest = Array.from({ length: 100 }, (_, index) => `left ${index + 4}`)
      expect(asked.sort()).toEqual([...latest, 'one'].sort())
      expect(await outboxRows()).toHaveLength(3)
    })

    it('waits longer after each failure, up to half a minute, says each in the log, and starts anew after a success', async () => {
      const { db } = current().database
      const log: string[] = []
      const times: number[] = []
      let isAway = true
      const select = (...args: Parameters<typeof db.select>) => {
        if (!isAway) return db.select(...args)
        times.push(Date.now())
        throw new Error('away')
      }
      const outbox = createOutbox({
        db: Object.create(db, { select: { value: select } }),
        cache: { invalidate: async () => ({ delivered: true }) },
        logger: pino({ base: null }, { write: (line: string) => void log.push(line) }),
      })
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
      try {
        await outbox.drain()
        await vi.advanceTimersByTimeAsync(91_500)
        isAway = false
        await outbox.drain()
        isAway = true
        await vi.advanceTimersByTimeAsync(30_500)
      } finally {
        outbox.stop()
        vi.useRealTimers()
      }
      const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
      expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 500])
      expect(log.map((line) => JSON.parse(line))).toEqual(
        times.map(() => expect.objectContaining({ level: 40, msg: 'outbox is not delivered yet' })),
      )
    })

    it('looks every half minute for what a process that is gone has left', async () => {
      const { db } = current().database
      const times: number[] = []
      const select = (...args: Parameters<typeof db.select>) => {
        times.push(Date.now())
        return db.select(...args)
      }
      const outbox = createOutbox({
        db: Object.create(db, { select: { value: select } }),
        cache: { invalidate: async () => ({ delivered: true }) },
        logger: pino({ level: 'silent' }),
      })
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
      try {
        const start = Date.now()
        outbox.watch()
        outbox.watch()
        await vi.advanceTimersByTimeAsync(60_000)
        expect(times.map((time) => time - start)).toEqual([30_000, 60_000])
      } finally {
        outbox.stop()
        vi.useRealTimers()
      }
      await outbox.drain()
    })

    it('asks no more once it is stopped, and leaves what was not acknowledged in the table', async () => {
      const { db } = current().database
      const invalidate = async () => ({ delivered: false })
      const outbox = createOutbox({ db, cache: { invalidate }, logger: pino({ level: 'silent' }) })
      const pending = await db.transaction((tx) => outbox.write(tx, { userId: newId(), tags: ['one'] }))
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
      try {
        outbox.watch()
        await outbox.deliver(pending)
        expect(vi.getTimerCount()).toBe(2)
        outbox.stop()
        await outbox.deliver(pending)
        expect(vi.getTimerCount()).toBe(0)
      } finally {
        vi.useRealTimers()
      }
      expect(await outboxRows()).toEqual([{ tags: ['one'] }])
    })

    it('writes nothing when the transaction fails', async () => {
      const { database, harness } = current()
      const failing = database.db.transaction(async (tx) => {
        await harness.outbox.write(tx, { userId: newId(), tags: ['one'] })
        tx.rollback()
      })
      await expect(failing).rejects.toThrow()
      expect(await outboxRows()).toEqual([])
    })
  })
}
