import { deliverDue, type OutboxOptions } from './outbox.ts'

const everyMs = 2_000

export interface Mailer {
  /** Something was queued: look now rather than at the next turn. Returns at once. */
  nudge(): void
  /** Waits for what is being sent. */
  close(): Promise<void>
}

/** Looks into the outbox every two seconds, one look at a time. A database that is away is asked again at the next turn. */
export function startMailer(options: OutboxOptions): Mailer {
  let running: Promise<void> | undefined
  let isAgain = false
  let isClosed = false
  const turn = async (): Promise<void> => {
    do {
      isAgain = false
      await deliverDue(options).catch((error) => {
        console.error(`Cannot look into the outbox: ${error instanceof Error ? error.name : 'unknown error'}`)
      })
    } while (isAgain && !isClosed)
    running = undefined
  }
  const nudge = (): void => {
    if (isClosed) return
    isAgain = true
    running ??= turn()
  }
  const timer = setInterval(nudge, everyMs)
  timer.unref()
  nudge()
  return {
    nudge,
    async close() {
      isClosed = true
      clearInterval(timer)
      await running
    },
  }
}
