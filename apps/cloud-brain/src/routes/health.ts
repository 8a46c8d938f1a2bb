import { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiEnv } from '../api-env.ts'
import { documentRoute, problems } from '../document-route.ts'
import type { Ingest } from '../health/ingest.ts'
import { Envelope, IngestBatch, IngestResult, MAX_BATCH_BYTES, MAX_BATCH_ITEMS } from '../health/ingest-batch.ts'
import { readJsonBody } from '../read-request.ts'

/** The way in for health data. */
export function healthRoutes({ ingest }: { ingest: Ingest }): OpenAPIHono<ApiEnv> {
  const app = new OpenAPIHono<ApiEnv>()
  documentRoute(
    app,
    {
      method: 'post',
      path: '/ingest',
      tags: ['Health'],
      summary: 'Store a batch of health data',
      description:
        `At most ${MAX_BATCH_ITEMS} items over all kinds. An item that is there already (same source and date or original_id) is replaced; ` +
        'of daily metrics only the fields that are sent. An item that is not valid is reported in `rejected`; the rest is stored.',
      security: [{ bearer: [] }],
      request: { body: { required: true, content: { 'application/json': { schema: IngestBatch } } } },
      responses: {
        200: {
          description: 'What was stored and what was not',
          content: { 'application/json': { schema: IngestResult } },
        },
        ...problems(400, 401, 413, 415, 429, 503),
      },
    },
    async (c) => {
      const envelope = await readJsonBody(c, { schema: Envelope, maxBytes: MAX_BATCH_BYTES })
      return c.json(await ingest(c.get('userId'), envelope), 200, { 'Cache-Control': 'no-store' })
    },
  )
  return app
}
