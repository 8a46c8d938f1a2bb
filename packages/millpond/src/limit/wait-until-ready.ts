import { type Clock, instantOf } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import type { Decision } from './decision.ts'
import type { Limiter } from './limiter.ts'
import { partsOf } from './limiter-parts.ts'
import type { Policies, Take } from './read-takes.ts'

export interface WaitOptions {
  /** How long to wait in all, at most one day. A refusal that names a longer wait is given back at once. */
  readonly maxWait: Duration
  readonly signal?: AbortSignal | undefined
}

/**
 * Takes, waiting as long as refusals say and trying again, at most until `maxWait` would be over; then gives the refusal. Takes as `limiter.take` does, and throws what it throws.
 *
 * @throws the reason of `signal` when it is aborted
 */
export async function waitUntilReady<const P extends Policies>(
  limiter: Limiter<P>,
  takes: Take<P> | readonly Take<P>[],
  options: WaitOptions,
): Promise<Decision<keyof P & string>> {
  const { signal, maxWait }: WaitOptions = Object(options)
  const { clock } = partsOf(limiter, 'Cannot wait')
  const now = () => instantOf(clock)
  const maxMs = toMilliseconds(maxWait, { action: 'Cannot wait', name: 'maxWait', maxMs: 86_400_000 })
  const end = now() + maxMs
  signal?.throwIfAborted()
  for (;;) {
    const decision = await limiter.take(takes)
    if (decision.status !== 'refused' || now() + decision.retryAfterMs > end) return decision
    // It may have been during the take.
    signal?.throwIfAborted()
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
