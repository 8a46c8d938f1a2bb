import type { UserId } from '../auth/user-id.ts'

/** Everything cached about a user. Invalidating it forgets them. */
export function userTag(userId: UserId): string {
  return `user:${userId}`
}

/** Everything cached that depends on one local day of a user's health data. */
export function dayTag(userId: UserId, date: string): string {
  return `health:${userId}:${date}`
}
