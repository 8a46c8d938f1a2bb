import { problem } from 'millpond/http'
import { refuseStranger } from '../api/admin-token.ts'
import type { RouteContext } from '../api/api-route.ts'
import { noStore } from '../api/post-answers.ts'
import { supportTag } from '../lib/cache.ts'
import { readSupportStats } from './support-stats.ts'

/**
 * POST /api/support/admin/empty: reads the supporters, and this once believes a list that is only said to be empty. It deletes nobody whom the list names, and nobody when there is no answer. 200 with the
 * figures; 409 when it is not time to read, 502 when they cannot be read, 404 where nothing is configured.
 */
export async function answerEmpty(context: RouteContext): Promise<Response> {
  const refusal = refuseStranger(context)
  if (refusal !== undefined) return refusal
  const { siteCache, database, syncSupport } = context.runtime
  const outcome = await syncSupport({ isEmptyBelieved: true })
  switch (outcome) {
    case undefined:
      return problem({ status: 404, title: 'Not found', detail: 'No supporters are read from anywhere' })
    case 'not-due':
      return problem({
        status: 409,
        title: 'Conflict',
        detail: 'They were read a moment ago; try again in some minutes',
      })
    case 'failed':
      return problem({ status: 502, title: 'Bad gateway', detail: 'They could not be read, and nothing is changed' })
    case 'synced':
      await siteCache.cache.invalidate([supportTag])
      return Response.json(await readSupportStats(database.db), { headers: noStore })
    default:
      return outcome satisfies never
  }
}
