import { BreakerOpenError, StoreUnavailableError } from '../../errors.ts'
import { type Clock, instantOf, systemClock } from '../../time/clock.ts'
import type { Command, Commands } from '../commands.ts'
import { toClusterSlot } from './cluster-slot.ts'

/** The connection failed before an answer came: the command may have run. */
export class ConnectionFailedError extends StoreUnavailableError {}

/** After so long without an answer a command counts as failed, whoever still waits for it. */
const SILENCE_MS = 1_000
const COOLDOWN_MS = 1_000
const FAILURES = 5

/** What is known of a master: when each of the first commands since its last answer failed, or will have; and when it was asked although it is left alone. */
interface Master {
  unanswered: { failedAt: number }[]
  probedAt: number
}

/**
 * Leaves each master of a cluster alone that is away: after five commands in a row whose connection failed or that had no answer within a second, all but one a second are refused with
 * BreakerOpenError, which the breakers of the cache and the limiter do not count. So what the other masters have is asked as before. An error reply is an answer, and so is one that comes late.
 */
export function withNodeBreakers(
  send: Commands['send'],
  nodeOf: NonNullable<Commands['nodeOf']>,
  clock: Clock = systemClock,
): Commands['send'] {
  const masters = new Map<string | number, Master>()
  // Each command passes here: no timer and one promise for it.
  return (command, follows) => {
    const key = toFirstKey(command)
    if (key === undefined) return send(command, follows)
    const slot = toClusterSlot(key)
    const node = nodeOf(slot) ?? slot
    const master = masters.get(node) ?? { unanswered: [], probedAt: Number.NEGATIVE_INFINITY }
    masters.set(node, master)
    const now = instantOf(clock)
    const mine = { failedAt: now + SILENCE_MS }
    if (master.unanswered.length < FAILURES) master.unanswered.push(mine)
    else {
      const since = Math.max(...master.unanswered.map(({ failedAt }) => failedAt))
      if (since <= now) {
        if (now < Math.max(since, master.probedAt) + COOLDOWN_MS) {
          const operation = command[0].toLowerCase()
          const message = `Cannot ${operation}: the master failed ${FAILURES} times in a row and is left alone`
          return Promise.reject(new BreakerOpenError(message))
        }
        master.probedAt = now
      }
    }
    const answered = () => {
      master.unanswered = []
    }
    const sent = send(command, follows)
    sent.then(answered, (error: unknown) => {
      if (error instanceof ConnectionFailedError) mine.failedAt = Math.min(mine.failedAt, instantOf(clock))
      else answered()
    })
    return sent
  }
}

/** The key by which a command finds its server; undefined for one that any server can answer. */
export function toFirstKey([name, ...args]: Command): string | undefined {
  const key = name === 'EVAL' || name === 'EVALSHA' ? args[2] : args[0]
  return key === undefined ? undefined : String(key)
}
