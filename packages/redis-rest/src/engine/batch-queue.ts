import { readError } from './frame.ts'
import type { Outcome } from './reply.ts'
import type { ReplyShare } from './reply-bytes.ts'

interface Batch {
  readonly outcomes: Outcome[]
  missing: number
  readonly sentAt: number
  /** undefined once it was called. */
  resolve: ((outcomes: readonly Outcome[]) => void) | undefined
  readonly replies: ReplyShare | undefined
  /** The reply that must follow its own; until then they may be made up. */
  readonly seal: Buffer | undefined
}

export interface BatchOptions {
  readonly replies?: ReplyShare | undefined
  /** The bytes of the one reply more that Redis sends after those of the batch. */
  readonly seal?: Buffer | undefined
}

/** The batches that were sent over one connection, oldest first; replies belong to the oldest. */
export interface BatchQueue {
  /** `count` replies are awaited, at least 1. */
  add(count: number, resolve: (outcomes: readonly Outcome[]) => void, options?: BatchOptions): void
  isEmpty(): boolean
  /** Takes the next reply. False when it is not the one that is waited for: then none of the connection can be trusted any more. */
  take(frame: Buffer): boolean
  /** Resolves what is older than the timeout; its late replies are then dropped. */
  expire(): void
  /** Resolves everything with `message` in the place of what is missing. */
  clear(message: string): void
  /** Age of the oldest batch without all its replies, 0 when there is none. Milliseconds. */
  ageMs(): number
}

function finish(batch: Batch, message: string): void {
  const { resolve, missing } = batch
  const outcomes = batch.seal === undefined ? batch.outcomes : []
  const lost = batch.outcomes.length - outcomes.length + missing
  batch.resolve = undefined
  resolve?.([...outcomes, ...new Array<Outcome>(lost).fill({ kind: 'unavailable', message })])
}

/** Redis is there but serves nobody for a while. */
const notNow = /^(LOADING|MASTERDOWN|CLUSTERDOWN) /

function toOutcome(frame: Buffer, replies: ReplyShare | undefined): Outcome {
  const message = readError(frame)
  const dropped = replies?.keep(frame.length)
  if (dropped !== undefined) {
    // An error may be one of a cluster, which says that it ran nowhere.
    const ending = message === undefined ? 'the command ran' : 'the command may or may not have run'
    return { kind: 'unavailable', message: `${dropped}: ${ending}` }
  }
  if (message === undefined) return { kind: 'reply', frame }
  if (!notNow.test(message)) return { kind: 'error', message, frame }
  return { kind: 'unavailable', message: `ERR Redis cannot serve now (${message}): the command did not run` }
}

/** `timeoutMs` is also named in the message of what is late; `now` is a monotonic clock in milliseconds. */
export function createBatchQueue(timeoutMs: number, now: () => number): BatchQueue {
  let batches: Batch[] = []
  let head = 0
  /** All before it were resolved. */
  let expired = 0

  const shift = (): void => {
    head += 1
    expired = Math.max(expired, head)
    if (head < 1_024 || head * 2 < batches.length) return
    batches = batches.slice(head)
    expired -= head
    head = 0
  }

  return {
    add: (count, resolve, { replies, seal } = {}) =>
      void batches.push({ outcomes: [], missing: count, sentAt: now(), resolve, replies, seal }),
    isEmpty: () => head === batches.length,
    take: (frame) => {
      const batch = batches[head]
      if (batch === undefined) return false
      if (batch.missing === 0) {
        if (batch.seal?.equals(frame) !== true) return false
      } else {
        if (batch.resolve !== undefined) batch.outcomes.push(toOutcome(frame, batch.replies))
        batch.missing -= 1
        if (batch.missing > 0 || batch.seal !== undefined) return true
      }
      shift()
      batch.resolve?.(batch.outcomes)
      return true
    },
    expire: () => {
      const limit = now() - timeoutMs
      for (; expired < batches.length; expired += 1) {
        const batch = batches[expired]
        if (batch === undefined || batch.sentAt > limit) return
        finish(batch, `ERR no reply from Redis within ${timeoutMs} ms: the command may or may not have run`)
      }
    },
    clear: (message) => {
      const lost = batches.slice(head)
      batches = []
      head = expired = 0
      for (const batch of lost) finish(batch, message)
    },
    ageMs: () => {
      const batch = batches[head]
      return batch === undefined ? 0 : now() - batch.sentAt
    },
  }
}
