import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { UserId } from '../auth/user-id.ts'
import type { Transaction } from '../db/database.ts'
import { dailyMetrics, nutrition, sleep, weight, workouts } from '../db/schema/index.ts'
import { toLocalDay } from '../local-day.ts'
import { type BatchItems, KINDS, type Kind } from './ingest-batch.ts'

/** Whose rows are written, what they are called, and in which timezone an instant becomes a day. */
export type Owner = { userId: UserId; source: string; timezone: string }

/** An item with its fields under the names of its table's columns. */
type Fields = Readonly<Record<string, unknown>>

/**
 * Where each kind is stored: the table, the column that tells items of one user and source apart, and what becomes of
 * an item that is there already. `fill`: only the fields that were sent change. A field is stored in the column of its name.
 */
const PLACES = {
  workouts: { table: workouts, id: 'original_id', change: 'replace' },
  sleep: { table: sleep, id: 'date', change: 'replace' },
  nutrition: { table: nutrition, id: 'date', change: 'replace' },
  weight: { table: weight, id: 'date', change: 'replace' },
  daily_metrics: { table: dailyMetrics, id: 'date', change: 'fill' },
} as const satisfies Record<Kind, { table: PgTable; id: string; change: 'replace' | 'fill' }>

/**
 * Writes accepted items, one statement per table however many there are, and one that reads the days that workouts leave.
 *
 * @returns the local days whose figures may have changed, sorted
 */
export async function storeItems(tx: Transaction, owner: Owner, items: BatchItems): Promise<string[]> {
  const dated = items.workouts.map((item) => {
    const start = new Date(item.start_time)
    return { ...item, start_time: start, local_date: toLocalDay(start, owner.timezone) }
  })
  const left = await daysOfWorkouts(tx, owner, items.workouts)
  for (const kind of KINDS) await store(tx, owner, { kind, items: kind === 'workouts' ? dated : items[kind] })
  const days = [...items.sleep, ...items.nutrition, ...items.weight, ...items.daily_metrics].map(({ date }) => date)
  return [...new Set([...left, ...dated.map(({ local_date }) => local_date), ...days])].sort()
}

/** A workout that moves to another day changes the day it leaves, too. */
async function daysOfWorkouts(tx: Transaction, owner: Owner, items: BatchItems['workouts']): Promise<string[]> {
  if (items.length === 0) return []
  const { userId, source, originalId, localDate } = workouts
  const ids = items.map((item) => item.original_id)
  const rows = await tx
    .selectDistinct({ date: localDate })
    .from(workouts)
    .where(and(eq(userId, owner.userId), eq(source, owner.source), inArray(originalId, ids)))
  return rows.map(({ date }) => date)
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
