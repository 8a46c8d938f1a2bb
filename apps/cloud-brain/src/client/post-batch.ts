import { setTimeout as delay } from 'node:timers/promises'
import { type IngestBatch, IngestResult } from '../health/ingest-batch.ts'
import { ApiError, type ApiTarget, askApi } from './ask-api.ts'

const MAX_ATTEMPTS = 5
/** Nobody watches a command for longer: what is left is sent another time. */
const LONGEST_WAIT_SECONDS = 300

/**
 * Sends a batch as a phone would: asked to wait, it waits and sends again, at most five times, and no more than five minutes.
 *
 * @param options.idempotencyKey with it, a batch that was stored although its answer got lost is not stored again
 * @param options.onWait is told for how many seconds it waits
 * @throws ApiError when the API does not answer, or answers anything but 200
 */
export async function postBatch(
  target: ApiTarget,
  batch: IngestBatch,
  options: { idempotencyKey?: string; onWait(seconds: number): void },
  attempt = 1,
): Promise<IngestResult> {
  const { idempotencyKey, onWait } = options
  const response = await askApi(target, '/api/v1/health/ingest', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    body: JSON.stringify(batch),
  })
  const text = await response.text()
  if (response.ok) return IngestResult.parse(JSON.parse(text))
  const seconds = Number(response.headers.get('retry-after'))
  const isPassing = (response.status === 429 || response.status === 503) && seconds <= LONGEST_WAIT_SECONDS
  if (isPassing && attempt < MAX_ATTEMPTS && seconds > 0) {
    onWait(seconds)
    await delay(seconds * 1000)
    return postBatch(target, batch, options, attempt + 1)
  }
  throw new ApiError(`the API answered ${response.status}: ${text.slice(0, 300)}`)
}
