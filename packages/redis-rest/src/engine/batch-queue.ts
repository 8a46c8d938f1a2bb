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
  /** Whether its replies may be made up until the next seal has come. */
  readonly isHeld: boolean
  /** The reply that must follow its own. */
  seal: Buffer | undefined
}

export interface BatchOptions {
  readonly replies?: ReplyShare | undefined
  /** A reply to it may be split: this batch and those after it are kept back until the next seal. */
  readonly maySplit?: boolean | undefined
}

/** The batches that were sent over one connection, oldest first; replies belong to the oldest. */
export interface BatchQueue {
  /** `count` replies are awaited, at least 1. */
  add(count: number, resolve: (outcomes: readonly Outcome[]) => void, options?: BatchOptions): void
  /** Whether a batch is kept back for which no seal was added yet. */
  needsSeal(): boolean
  /** After all batches so far Redis sends one reply more, exactly these bytes. */
  addSeal(frame: Buffer): void
  isEmpty(): boolean
  /** Takes the next reply. False when it is not the one that is waited for, and from then on: none of the connection can be trusted any more. */
  take(frame: Buffer): boolean
  /** Resolves what is older than the timeout; its late replies are then dropped. */
  expire(): void
  /** Resolves everything with `message` in the place of what is missing. */
  clear(message: string): void
  /** Age of the oldest batch that lacks a reply or its seal, 0 when there is none. Milliseconds. */
  ageMs(): number
}

function finish(batch: Batch, message: string): void {
  const { resolve, missing } = batch
  const outcomes = batch.isHeld ? [] : batch.outcomes
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
  /** All before it are done with. */
  let head = 0
  /** The next reply belongs to it; those from `head` up to it wait for their seal. */
  let current = 0
  /** All before it were resolved. */
  let expired = 0
  let needsSeal = false
  let isBroken = false

  /** What is before `current` can be trusted. */
  const release = (): void => {
    for (; head < current; head += 1) {
      const batch = batches[head]
      batch?.resolve?.(batch.outcomes)
    }
    expired = Math.max(expired, head)
    if (head < 1_024 || head * 2 < batches.length) return
    batches = batches.slice(head)
    expired -= head
    head = current = 0
  }

  return {
    add: (count, resolve, { replies, maySplit = false } = {}) => {
      needsSeal ||= maySplit
      batches.push({
        outcomes: [],
        missing: count,
        sentAt: now(),
        resolve,
        replies,
        isHeld: needsSeal,
        seal: undefined,
      })
    },
    needsSeal: () => needsSeal,
    addSeal: (frame) => {
      const last = batches.at(-1)
      if (last !== undefined) last.seal = frame
      needsSeal = false
    },
    isEmpty: () => head === batches.length,
    take: (frame) => {
      const batch = batches[current]
      isBroken ||= batch === undefined || (batch.missing === 0 && batch.seal?.equals(frame) !== true)
      if (isBroken || batch === undefined) return false
      if (batch.missing > 0) {
        if (batch.resolve !== undefined) batch.outcomes.push(toOutcome(frame, batch.replies))
        batch.missing -= 1
        if (batch.missing > 0 || batch.seal !== undefined) return true
      }
      current += 1
      if (!batch.isHeld || batch.seal !== undefined) release()
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
      head = current = expired = 0
      needsSeal = isBroken = false
      for (const batch of lost) finish(batch, message)
    },
    ageMs: () => {
      const batch = batches[head]
      return batch === undefined ? 0 : now() - batch.sentAt
    },
  }
}
