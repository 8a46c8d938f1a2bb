import { instantOf } from '../time/clock.ts'
import type { Decision } from './decision.ts'
import type { LimitMark } from './limit-store.ts'
import type { Limiter } from './limiter.ts'
import { partsOf, refundMarks } from './limiter-parts.ts'
import type { Policies, Take } from './read-takes.ts'
import { claimTaken } from './taken.ts'

/** Permits that are kept until they are released. */
export interface Hold<Name extends string> {
  readonly decision: Decision<Name>
  /** Aborted when a permit has ended although it was not released: it could not be renewed in time, so another may hold it now. */
  readonly lost: AbortSignal
  /** Gives the permits back; what windows and buckets counted in the same take stays counted. Once. One round trip. */
  release(): Promise<{ readonly delivered: boolean }>
}

/**
 * Takes permits and renews them, three times in each time to live (ten times while the store fails), until they are released or the limiter closes. Takes as `limiter.take` does, and throws what it throws.
 */
export async function hold<const P extends Policies>(
  limiter: Limiter<P>,
  takes: Take<P> | readonly Take<P>[],
): Promise<Hold<keyof P & string>> {
  const parts = partsOf(limiter, 'Cannot hold')
  const { guard, store, clock } = parts
  const now = () => instantOf(clock)
  const takenAt = now()
  const decision = await limiter.take(takes)
  const permits = claimTaken(decision).filter(({ algorithm }) => algorithm === 'concurrency')
  const lost = new AbortController()
  const ttlMs = Math.min(...permits.map(({ windowMs }) => windowMs))
  let released: Promise<{ readonly delivered: boolean }> | undefined
  let heldUntil = takenAt + ttlMs
  let cancel = schedule()

  function schedule(ms = ttlMs / 3): () => void {
    return permits.length === 0
      ? () => {}
      : clock.after(Math.max(1, Math.floor(ms)), () => void prolong(), { background: true })
  }

  async function prolong(): Promise<void> {
    if (lost.signal.aborted) return
    const askedAt = now()
    cancel = schedule()
    try {
      if (parts.closed) throw new TypeError('Cannot prolong: the limiter is closed')
      const held = await guard('prolong', () => store.prolong(permits))
      if (released) return
      if (permits.every((permit: LimitMark, index) => held[index] === permit.cost)) heldUntil = askedAt + ttlMs
      else lose()
    } catch {
      if (released) return
      const leftMs = heldUntil - now()
      if (leftMs <= 0) return lose()
      cancel()
      cancel = schedule(Math.min(ttlMs / 10, leftMs))
    }
  }

  function lose(): void {
    cancel()
    lost.abort(new DOMException('The permit has ended', 'AbortError'))
  }

  return {
    decision,
    lost: lost.signal,
    release() {
      cancel()
      released ??= refundMarks(parts, permits)
      return released
    },
  }
}
