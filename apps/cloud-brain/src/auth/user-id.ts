import { z } from '@hono/zod-openapi'

/** Who a request is about. Only a verified token makes one; UUIDs are folded to lower case so that one user has one spelling. */
export const UserId = z.guid().toLowerCase().brand<'UserId'>()

export type UserId = z.infer<typeof UserId>
