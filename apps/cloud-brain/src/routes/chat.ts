import { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { nearestDecision } from 'millpond/http'
import type { Logger } from 'pino'
import { toDailySummaries } from '../analytics/daily-summary.ts'
import type { ApiEnv } from '../api-env.ts'
import type { AppDeps } from '../app.ts'
import type { UserId } from '../auth/user-id.ts'
import { type Answerer, AnswererError, type ChatFacts, type ChatPiece } from '../chat/answerer.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { documentRoute, problems } from '../document-route.ts'
import { type CachedPreferences, type Preferences, SubscriptionTier } from '../health/preferences.ts'
import { readHealthRows } from '../health/read-rows.ts'
import { daysBack } from '../health/tags.ts'
import { type ApiLimiter, CHAT_LIMITS } from '../limits.ts'
import { daysEnding, toLocalDay } from '../local-day.ts'
import { toLogError } from '../log-error.ts'
import { readJsonBody } from '../read-request.ts'
import { refuseRequest } from '../refuse-request.ts'
import { RequestFault } from '../request-fault.ts'

const MAX_BYTES = 16_384
const FACT_DAYS = 14
const ChatRequest = z.object({ message: z.string().trim().min(1).max(2000) }).openapi('ChatRequest')
const ChatUsage = z
  .object({
    tier: SubscriptionTier,
    limit: z.int(),
    used: z.int(),
    remaining: z.int(),
    resets_in_seconds: z
      .int()
      .openapi({ description: 'Until the count starts again, at 00:00 UTC; 0 when none is used' }),
  })
  .openapi('ChatUsage')

/**
 * The coach. A question is reserved per UTC day and tier before it is answered, and given back when the answer fails; who hangs
 * up has asked, since the model has worked by then.
 */
export function chatRoutes(deps: {
  db: Database
  clock: Clock
  preferences: CachedPreferences
  limiter: ApiLimiter
  answerer: Answerer
  stopping: AppDeps['stopping']
  logger: Logger
}): OpenAPIHono<ApiEnv> {
  const { db, clock, preferences, limiter, answerer, stopping, logger } = deps
  const app = new OpenAPIHono<ApiEnv>()

  async function readFacts(userId: UserId, { timezone, coach_persona, units }: Preferences): Promise<ChatFacts> {
    const today = toLocalDay(new Date(clock.now()), timezone)
    const rows = await readHealthRows(db, { userId, ...daysBack(today, FACT_DAYS) })
    return { days: toDailySummaries(daysEnding(today, FACT_DAYS), rows), persona: coach_persona, units }
  }

  documentRoute(
    app,
    {
      method: 'post',
      path: '/',
      tags: ['Chat'],
      summary: 'Ask the coach',
      description:
        'Server-sent events: `text` with a piece of the answer, `citations` with the figures it used, then `done`; or `error`. ' +
        `Free users ask ${CHAT_LIMITS.free} questions a day (UTC), premium users ${CHAT_LIMITS.premium}; a question whose answer fails is not counted.`,
      security: [{ bearer: [] }],
      request: { body: { required: true, content: { 'application/json': { schema: ChatRequest } } } },
      responses: {
        200: { description: 'The answer', content: { 'text/event-stream': { schema: z.string() } } },
        ...problems(400, 401, 413, 415),
      },
    },
    async (c) => {
      const { message } = await readJsonBody(c, { schema: ChatRequest, maxBytes: MAX_BYTES })
      const userId = c.get('userId')
      const { value } = await preferences.get({ userId })
      const question = { policy: 'chat', key: userId, context: { tier: value.subscription_tier } } as const
      const decision = await limiter.take(question)
      const nearest = nearestDecision(decision, await c.get('decide')())
      if (!decision.allowed) {
        c.set('nearest', nearest)
        return refuseRequest(decision)
      }
      const { signal } = c.req.raw
      const giveBack = async () => {
        if (signal.aborted) return
        const { delivered } = await limiter.refund(decision)
        if (!delivered) logger.warn('a question that was not answered stays counted')
      }
      try {
        const facts = await readFacts(userId, value)
        const pieces = untilAborted(stopping.late, (late) =>
          answerer({ message, facts }, { signal: AbortSignal.any([signal, late]) }),
        )
        const answer = await toStream(c, pieces, { logger, giveBack })
        c.set('nearest', nearest)
        return answer
      } catch (error) {
        await giveBack()
        throw error
      }
    },
  )

  documentRoute(
    app,
    {
      method: 'get',
      path: '/usage',
      tags: ['Chat'],
      summary: 'How many questions are left today',
      security: [{ bearer: [] }],
      responses: {
        200: { description: 'The usage', content: { 'application/json': { schema: ChatUsage } } },
        ...problems(401),
      },
    },
    async (c) => {
      const userId = c.get('userId')
      const tier = (await preferences.get({ userId })).value.subscription_tier
      const limit = CHAT_LIMITS[tier]
      const looked = await limiter.peek({ policy: 'chat', key: userId, context: { tier } })
      if (looked.status === 'degraded') {
        throw new RequestFault('unavailable', 'The usage is not known at the moment', {
          headers: { 'Retry-After': '5' },
        })
      }
      const { remaining, resetMs } = looked.nearest
      const used = limit - remaining
      return c.json({ tier, limit, used, remaining, resets_in_seconds: Math.ceil(resetMs / 1000) }, 200, {
        'Cache-Control': 'no-store',
      })
    },
  )
  return app
}

/** Waits for the first piece, so that an answer that cannot be had is an error with a status and not a broken stream. */
async function toStream(
  c: Context<ApiEnv>,
  pieces: AsyncIterable<ChatPiece>,
  { logger, giveBack }: { logger: Logger; giveBack: () => Promise<void> },
): Promise<Response> {
  const iterator = pieces[Symbol.asyncIterator]()
  let next = await iterator.next().catch((cause: unknown) => {
    if (!(cause instanceof AnswererError)) throw cause
    logger.warn({ err: toLogError(cause), reason: cause.message }, 'the coach does not answer')
    throw new RequestFault('unavailable', 'The coach does not answer', { headers: { 'Retry-After': '30' } })
  })
  const response = streamSSE(c, async (stream) => {
    const send = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) })
    stream.onAbort(() => void iterator.return?.(undefined))
    try {
      while (!next.done && !stream.aborted) {
        const piece = next.value
        await (piece.type === 'text' ? send('text', { text: piece.text }) : send('citations', piece.citations))
        next = await iterator.next()
      }
      await send('done', {})
    } catch (error) {
      logger.warn({ err: toLogError(error), ...toReason(error) }, 'the coach stopped in the middle')
      await giveBack()
      await send('error', {
        code: 'unavailable',
        detail: 'The coach stopped in the middle; the question is not counted',
      })
    }
  })
  // streamSSE sets no-cache; a private answer must not be kept at all.
  response.headers.set('Cache-Control', 'no-store')
  return response
}

/** The pieces until the process stops; then an error. Holds on to the process's signal no longer than the answer takes. */
async function* untilAborted(
  signal: AbortSignal,
  start: (signal: AbortSignal) => AsyncIterable<ChatPiece>,
): AsyncIterable<ChatPiece> {
  const stop = new AbortController()
  const abort = () => stop.abort(new AnswererError('Cannot answer: the service stops'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    yield* start(stop.signal)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Our own words for it; those of others may hold what was asked. */
function toReason(error: unknown): { reason?: string } {
  return error instanceof AnswererError ? { reason: error.message } : {}
}
