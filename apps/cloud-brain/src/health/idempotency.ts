import { createHash } from 'node:crypto'
import { and, eq, lt } from 'drizzle-orm'
import type { UserId } from '../auth/user-id.ts'
import type { Transaction } from '../db/database.ts'
import { IDEMPOTENCY_LIFETIME_MS } from '../db/delete-expired.ts'
import { idempotencyKeys } from '../db/schema/index.ts'
import { RequestFault } from '../request-fault.ts'
import { IngestResult } from './ingest-batch.ts'
import type { sortItems } from './sort-items.ts'

/** A request with an `Idempotency-Key`. The caller holds the user's lock, so two with one key never run side by side. */
type KeyedRequest = { userId: UserId; key: string; digest: string; now: Date }

/**
 * What tells one body from another: all that its answer is made of. These are the members that the API knows, whatever their order and
 * spacing were, and what was said about items that are not valid; never an item as it was sent, which may be too deep to be walked.
 */
export function digestOf(source: string, sorted: ReturnType<typeof sortItems>): string {
  return createHash('sha256')
    .update(JSON.stringify([source, sorted]))
    .digest('base64url')
}

/**
 * The answer that an earlier request with this key got, if it was less than a day ago.
 *
 * @throws RequestFault 409 when that request had another body
 */
export async function findAnswer(tx: Transaction, request: KeyedRequest): Promise<IngestResult | undefined> {
  const { userId, key, digest, now } = request
  const isSame = and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key))
  const lastCounted = new Date(now.getTime() - IDEMPOTENCY_LIFETIME_MS)
  // The key may be used anew before its row is swept away.
  await tx.delete(idempotencyKeys).where(and(isSame, lt(idempotencyKeys.createdAt, lastCounted)))
  const [row] = await tx
    .select({ bodyDigest: idempotencyKeys.bodyDigest, answer: idempotencyKeys.answer })
    .from(idempotencyKeys)
    .where(isSame)
  if (!row) return undefined
  if (row.bodyDigest !== digest) throw new RequestFault('conflict', 'This Idempotency-Key was used with another body')
  return IngestResult.parse(JSON.parse(row.answer))
}

/** Keeps the answer for whoever comes with the same key. */
export async function keepAnswer(tx: Transaction, request: KeyedRequest, result: IngestResult): Promise<void> {
  const { userId, key, digest, now } = request
  await tx
    .insert(idempotencyKeys)
    .values({ userId, key, bodyDigest: digest, answer: JSON.stringify(result), createdAt: now })
}
