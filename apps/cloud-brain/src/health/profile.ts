import { z } from '@hono/zod-openapi'
import { eq } from 'drizzle-orm'
import type { Definition } from 'millpond'
import { UserId } from '../auth/user-id.ts'
import type { CachedParts } from '../cached-parts.ts'
import type { Clock } from '../clock.ts'
import type { Database, Transaction } from '../db/database.ts'
import { userProfiles } from '../db/schema/index.ts'
import { type Preconditions, requirePreconditions } from '../etag.ts'
import { IsoDate, toLocalDay } from '../local-day.ts'
import { RequestFault } from '../request-fault.ts'
import { Label } from './ingest-batch.ts'
import type { Outbox } from './outbox.ts'
import { lockUser } from './preferences.ts'
import { userTag } from './tags.ts'

/** Where a day begins first. */
const EARLIEST_ZONE = 'Pacific/Kiritimati'
const Gender = z.enum(['female', 'male', 'non_binary', 'other', 'undisclosed'])
const fields = {
  display_name: Label(100).nullable(),
  nickname: Label(50).nullable(),
  birthday: IsoDate.nullable(),
  gender: Gender.nullable(),
  onboarding_complete: z.boolean(),
}

/** Who a user is. The e-mail is what the verified token says; the API stores none. */
export const Profile = z
  .object({
    id: UserId.openapi({ type: 'string', format: 'uuid' }),
    email: z.string().nullable(),
    ...fields,
    // What was stored is told, also where a name would be refused today.
    display_name: z.string().nullable(),
    nickname: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .openapi('Profile')

export type Profile = z.infer<typeof Profile>

/** What users may change: one or more of these fields, and no other; null takes a value back. */
export const ProfilePatch = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'must have at least one field')
  .openapi('ProfilePatch')

export type ProfilePatch = z.infer<typeof ProfilePatch>

type Who = { userId: UserId; email: string | null }

/** Everything cached that depends on a user's profile. */
export function profileTag(userId: UserId): string {
  return `profile:${userId}`
}

export type CachedProfile = Definition<[input: { userId: string; email: string | null }], Profile>

/** Defines the cached profile. The e-mail is part of the key, so a token with another one is a miss. */
export function defineProfile({ db, cache, local }: CachedParts): CachedProfile {
  return cache.define({
    ...local,
    name: 'users.profile',
    ttl: '15m',
    input: z.object({ userId: UserId, email: z.string().nullable() }),
    output: Profile,
    tags: ({ userId }) => [userTag(userId), profileTag(userId)],
    load: (who) => readProfile(db, who),
  })
}

/** Reads a profile; the first read makes its row. */
async function readProfile(db: Database | Transaction, { userId, email }: Who): Promise<Profile> {
  await db.insert(userProfiles).values({ userId }).onConflictDoNothing()
  const [row] = await db.select().from(userProfiles).where(eq(userProfiles.userId, userId))
  if (!row) throw new TypeError('Cannot read the profile: its row must be there after the insert')
  return {
    id: userId,
    email,
    display_name: row.displayName,
    nickname: row.nickname,
    birthday: row.birthday,
    gender: Gender.nullable().parse(row.gender),
    onboarding_complete: row.onboardingComplete,
    created_at: row.createdAt.toISOString(),
  }
}

/**
 * Changes a profile in one transaction.
 *
 * @throws RequestFault 400 for a birthday that nobody on earth has reached; 412 when the profile as it is does not meet `preconditions`
 */
export async function changeProfile(
  { db, outbox, clock }: { db: Database; outbox: Outbox; clock: Clock },
  { preconditions, ...who }: Who & { preconditions: Preconditions },
  patch: ProfilePatch,
): Promise<Profile> {
  if (patch.birthday && patch.birthday > toLocalDay(new Date(clock.now()), EARLIEST_ZONE)) {
    throw new RequestFault('invalid_request', 'Not valid: birthday', {
      errors: [{ field: 'birthday', detail: 'must not be after today' }],
    })
  }
  const { after, pending } = await db.transaction(async (tx) => {
    await lockUser(tx, who.userId)
    await requirePreconditions(preconditions, await readProfile(tx, who))
    const { display_name: displayName, onboarding_complete: onboardingComplete, nickname, birthday, gender } = patch
    await tx
      .update(userProfiles)
      .set({ displayName, nickname, birthday, gender, onboardingComplete })
      .where(eq(userProfiles.userId, who.userId))
    const pending = await outbox.write(tx, { userId: who.userId, tags: [profileTag(who.userId)] })
    return { after: await readProfile(tx, who), pending }
  })
  await outbox.deliver(pending)
  return after
}
