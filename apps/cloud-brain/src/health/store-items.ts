import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { UserId } from '../auth/user-id.ts'
import type { Transaction } from '../db/database.ts'
import { dailyMetrics, nutrition, sleep, weight, workouts } from '../db/schema/index.ts'
import { toLocalDay } from '../local-day.ts'
import { RequestFault } from '../request-fault.ts'
import { type BatchItems, KINDS, type Kind } from './ingest-batch.ts'

/** Most rows of one kind on one day, over all sources of a user: what an answer about the day has to read. */
export const MAX_OF_A_DAY = 500

/** Whose rows are written, what they are called, and in which timezone an instant becomes a day. */
export type Owner = { userId: UserId; source: string; timezone: string }

/** An item with its fields under the names of its table's columns. */
type Fields = Readonly<Record<string, unknown>>

/**
 * Where each kind is stored: the table, the column that tells items of one user and source apart, and what becomes of
 * an item that is there already. `fill`: only the fields that were sent change. A field is stored in the column of its name.
 */
const PLACES = {
  workouts: { table: workouts, id: 'original_id', day: workouts.localDate, change: 'replace' },
  sleep: { table: sleep, id: 'date', day: sleep.date, change: 'replace' },
  nutrition: { table: nutrition, id: 'date', day: nutrition.date, change: 'replace' },
  weight: { table: weight, id: 'date', day: weight.date, change: 'replace' },
  daily_metrics: { table: dailyMetrics, id: 'date', day: dailyMetrics.date, change: 'fill' },
} as const satisfies Record<Kind, { table: PgTable; id: string; day: PgColumn; change: 'replace' | 'fill' }>

/**
 * Writes accepted items, one statement per table however many there are, one that reads the days that workouts leave, and
 * one that looks whether the days hold too many.
 *
 * @returns the local days whose figures may have changed, sorted
 * @throws RequestFault 400 when a day would hold more than {@link MAX_OF_A_DAY} of a kind; one that does already, since another
 * timezone put workouts there, must not get more of them
 */
export async function storeItems(tx: Transaction, owner: Owner, items: BatchItems): Promise<string[]> {
  const dated = items.workouts.map((item) => {
    const start = new Date(item.start_time)
    return { ...item, start_time: start, local_date: toLocalDay(start, owner.timezone) }
  })
  const earlier = await daysOfWorkouts(tx, owner, items.workouts)
  for (const kind of KINDS) await store(tx, owner, { kind, items: kind === 'workouts' ? dated : items[kind] })
  await requireRoom(tx, owner.userId, { ...items, workouts: daysThatGrow(earlier, dated) })
  const days = [...items.sleep, ...items.nutrition, ...items.weight, ...items.daily_metrics].map(({ date }) => date)
  return [...new Set([...earlier.values(), ...dated.map(({ local_date }) => local_date), ...days])].sort()
}

/** The days of those workouts that are there already, by id: one that moves to another day changes the day it leaves, too. */
async function daysOfWorkouts(
  tx: Transaction,
  owner: Owner,
  items: BatchItems['workouts'],
): Promise<ReadonlyMap<string, string>> {
  if (items.length === 0) return new Map()
  const { userId, source, originalId, localDate } = workouts
  const ids = items.map((item) => item.original_id)
  const rows = await tx
    .select({ id: originalId, date: localDate })
    .from(workouts)
    .where(and(eq(userId, owner.userId), eq(source, owner.source), inArray(originalId, ids)))
  return new Map(rows.map(({ id, date }) => [id, date]))
}

/** The days that get more workouts than they lose. */
function daysThatGrow(
  earlier: ReadonlyMap<string, string>,
  items: readonly { original_id: string; local_date: string }[],
): { date: string }[] {
  const more = new Map<string, number>()
  const add = (date: string, count: number) => more.set(date, (more.get(date) ?? 0) + count)
  for (const date of new Map(items.map((item) => [item.original_id, item.local_date])).values()) add(date, 1)
  for (const date of earlier.values()) add(date, -1)
  return [...more].flatMap(([date, count]) => (count > 0 ? [{ date }] : []))
}

async function requireRoom(
  tx: Transaction,
  userId: UserId,
  written: Readonly<Record<Kind, readonly { date: string }[]>>,
): Promise<void> {
  const counts = KINDS.filter((kind) => written[kind].length > 0).map((kind) => {
    const { table, day } = PLACES[kind]
    const days = [...new Set(written[kind].map(({ date }) => date))]
    return sql`select ${kind} as kind, ${day}::text as day from ${table}
      where ${table.userId} = ${userId} and ${inArray(day, days)}
      group by ${day} having count(*) > ${MAX_OF_A_DAY}`
  })
  if (counts.length === 0) return
  const full = z.object({ rows: z.array(z.object({ kind: z.string(), day: z.string() })) })
  const { rows } = full.parse(await tx.execute(sql.join(counts, sql` union all `)))
  if (rows.length === 0) return
  const rule = `must be at most ${MAX_OF_A_DAY} on one day, over all sources`
  throw new RequestFault('invalid_request', `Not valid: ${[...new Set(rows.map(({ kind }) => kind))].join(', ')}`, {
    errors: rows.map(({ kind, day }) => ({ field: kind, detail: `${rule}: ${day}` })),
  })
}

async function store(
  tx: Transaction,
  { userId, source }: Owner,
  { kind, items }: { kind: Kind; items: readonly Fields[] },
): Promise<void> {
  if (items.length === 0) return
  const { id, change } = PLACES[kind]
  const table: PgTable = PLACES[kind].table
  const columns = Object.entries(getTableColumns(table))
  const isIdentity = (column: PgColumn) => ['user_id', 'source', id].includes(column.name)
  const written = columns.filter(([, { name }]) => name !== 'updated_at')
  const owned = mergedById(items, id, change).map((item) => ({ ...item, user_id: userId, source }))
  const rows = owned.map((row: Fields) =>
    Object.fromEntries(written.map(([key, { name }]) => [key, row[name] ?? null])),
  )
  const toNew = (column: PgColumn): SQL => {
    const sent = sql`excluded.${sql.identifier(column.name)}`
    return change === 'fill' ? sql`coalesce(${sent}, ${column})` : sent
  }
  await tx
    .insert(table)
    .values(rows)
    .onConflictDoUpdate({
      target: columns.map(([, column]) => column).filter(isIdentity),
      set: Object.fromEntries(
        columns.filter(([, column]) => !isIdentity(column)).map(([key, column]) => [key, toNew(column)]),
      ),
    })
}

/** One statement must not meet the same row twice; within a batch the later item, or field, wins. */
function mergedById(items: readonly Fields[], id: string, change: 'replace' | 'fill'): Fields[] {
  const byId = new Map<unknown, Fields>()
  for (const item of items) {
    const sent = Object.entries(item).filter(([, value]) => value !== null && value !== undefined)
    byId.set(item[id], change === 'fill' ? { ...byId.get(item[id]), ...Object.fromEntries(sent) } : item)
  }
  return [...byId.values()]
}
