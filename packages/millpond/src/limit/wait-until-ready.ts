import type { Clock } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import type { Decision } from './decision.ts'

export interface WaitOptions {
  /** How long to wait in all, at most one day. A refusal that names a longer wait is given back at once. */
  readonly maxWait: Duration
  readonly signal?: AbortSignal | undefined
}

/** Takes until it is not refused, waiting in between as long as each refusal says, while that stays within `maxWait`. */
export async function takeWhenReady<Name extends string>(
  take: () => Promise<Decision<Name>>,
  options: WaitOptions & { clock: Clock },
): Promise<Decision<Name>> {
  const { clock, signal } = options
  const now = () => clock.monotonic?.() ?? clock.now()
  const maxMs = toMilliseconds(options.maxWait, { action: 'Cannot wait', name: 'maxWait', maxMs: 86_400_000 })
  const end = now() + maxMs
  for (;;) {
    signal?.throwIfAborted()
    const decision = await take()
    if (decision.status !== 'refused' || now() + decision.retryAfterMs > end) return decision
    await wait(clock, decision.retryAfterMs, signal)
  }
}

function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}
