import { deliverDue, type OutboxOptions } from './outbox.ts'

const everyMs = 2_000

export interface Mailer {
  /** Something was queued: look now rather than at the next turn. Resolves when it was looked after, well or not; never rejects. */
  nudge(): Promise<void>
  /** Gives up what is being sent, which is sent again by the next process. */
  close(): Promise<void>
}

/**
 * Looks into the outbox every two seconds, one look at a time, and not before a provider that was busy wishes it. A database that
 * is away is asked again at the next turn.
 */
export function startMailer(options: Omit<OutboxOptions, 'signal'>): Mailer {
  const { now } = options
  const closing = new AbortController()
  const { signal } = closing
  let restedAt = 0
  let running: Promise<void> | undefined
  let isAgain = false
  const isResting = (): boolean => signal.aborted || now().getTime() < restedAt
  const turn = async (): Promise<void> => {
    do {
      isAgain = false
      try {
        const { throttledMs } = await deliverDue({ ...options, signal })
        restedAt = now().getTime() + throttledMs
      } catch (error) {
        console.error(`Cannot look into the outbox: ${error instanceof Error ? error.name : 'unknown error'}`)
      }
    } while (isAgain && !isResting())
    running = undefined
  }
  const nudge = async (): Promise<void> => {
    if (isResting()) return
    isAgain = true
    running ??= turn()
    await running
  }
  const timer = setInterval(nudge, everyMs)
  timer.unref()
  void nudge()
  return {
    nudge,
    async close() {
      closing.abort()
      clearInterval(timer)
      await running
    },
  }
}
