import { OpenAPIHono, z } from '@hono/zod-openapi'
import { nearestDecision } from 'millpond/http'
import type { ApiEnv } from '../api-env.ts'
import { documentRoute, problems } from '../document-route.ts'
import type { FindReplay, Ingest } from '../health/ingest.ts'
import {
  countSent,
  Envelope,
  IngestBatch,
  IngestResult,
  MAX_BATCH_BYTES,
  MAX_BATCH_ITEMS,
} from '../health/ingest-batch.ts'
import { MAX_OF_A_DAY } from '../health/store-items.ts'
import { type ApiLimiter, ITEMS_A_DAY } from '../limits.ts'
import { readJsonBody } from '../read-request.ts'
import { refuseRequest } from '../refuse-request.ts'
import { toInvalidRequest } from '../request-fault.ts'

const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters')
const IngestHeaders = z.object({
  'idempotency-key': IdempotencyKey.optional().openapi({
    description: 'Within a day the same key and body get the first answer again, without doing the work again',
  }),
})

/** The way in for health data. The items of a batch count for the day's limit, unless nothing became of it; what was answered already needs none of it. */
export function healthRoutes({
  ingest,
  findReplay,
  limiter,
}: {
  ingest: Ingest
  findReplay: FindReplay
  limiter: ApiLimiter
}): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>()
  documentRoute(
    app,
    {
      method: 'post',
      path: '/ingest',
      tags: ['Health'],
      summary: 'Store a batch of health data',
      description:
        `At most ${MAX_BATCH_ITEMS} items over all kinds, and ${ITEMS_A_DAY} in a day (UTC); of one kind a day holds at most ${MAX_OF_A_DAY}, over all sources. An item that is there already (same source and date or original_id) is replaced; ` +
        'of daily metrics only the fields that are sent. An item that is not valid is reported in `rejected`; the rest is stored. ' +
        'A kind that is not known here refuses the batch; a field of an item that is not known is ignored.',
      security: [{ bearer: [] }],
      request: {
        headers: IngestHeaders,
        body: { required: true, content: { 'application/json': { schema: IngestBatch } } },
      },
      responses: {
        200: {
          description: 'What was stored and what was not',
          headers: {
            'Idempotency-Replayed': {
              schema: { type: 'string' },
              description: '`true` when it is the first answer again',
            },
          },
          content: { 'application/json': { schema: IngestResult } },
        },
        ...problems(400, 401, 409, 413, 415),
      },
    },
    async (c) => {
      const envelope = await readJsonBody(c, { schema: Envelope, maxBytes: MAX_BATCH_BYTES })
      const idempotencyKey = readIdempotencyKey(c.req.header('idempotency-key'))
      const userId = c.get('userId')
      const cost = countSent(envelope)
      const counted = cost === 0 ? undefined : await limiter.take({ policy: 'items', key: userId, cost })
      const answer = (result: IngestResult, replayed: boolean) => {
        const headers: Record<string, string> = replayed ? { 'Idempotency-Replayed': 'true' } : {}
        return c.json(result, 200, { 'Cache-Control': 'no-store', ...headers })
      }
      if (counted?.allowed === false) {
        const earlier =
          idempotencyKey === undefined ? undefined : await findReplay({ userId, idempotencyKey }, envelope)
        if (earlier) return answer(earlier, true)
        c.set('nearest', counted)
        return refuseRequest(counted)
      }
      const giveBack = async () => void (counted && (await limiter.refund(counted)))
      const { result, replayed } = await ingest({ userId, idempotencyKey }, envelope).catch(async (error: unknown) => {
        await giveBack()
        throw error
      })
      if (replayed) await giveBack()
      else if (counted) c.set('nearest', nearestDecision(counted, await c.get('decide')()))
      return answer(result, replayed)
    },
  )
  return app
}

function readIdempotencyKey(header: string | undefined): string | undefined {
  const parsed = IdempotencyKey.optional().safeParse(header)
  if (!parsed.success) throw toInvalidRequest(parsed.error, 'Idempotency-Key')
  return parsed.data
}
