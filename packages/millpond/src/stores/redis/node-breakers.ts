import { StoreUnavailableError } from '../../errors.ts'
import { createBreaker } from '../../resilience/breaker.ts'
import { type CallPolicy, chain } from '../../resilience/call.ts'
import { createDeadline } from '../../resilience/deadline.ts'
import { type Clock, systemClock } from '../../time/clock.ts'
import type { Command, Commands } from '../commands.ts'
import { toClusterSlot } from './cluster-slot.ts'

/** The connection failed before an answer came: the command may have run. */
export class ConnectionFailedError extends StoreUnavailableError {}

/** After so long without an answer a command counts as failed, whoever still waits for it. */
const SILENCE_MS = 1_000
const BREAKER = { failures: 5, cooldownMs: 1_000 }

/**
 * Leaves each master of a cluster alone that is away: after five commands in a row whose connection failed or that had no answer within a second, all but one a second are refused with
 * BreakerOpenError, which the breakers of the cache and the limiter do not count. So what the other masters have is asked as before. An error reply is an answer.
 */
export function withNodeBreakers(
  send: Commands['send'],
  nodeOf: NonNullable<Commands['nodeOf']>,
  clock: Clock = systemClock,
): Commands['send'] {
  const breakers = new Map<string | number, CallPolicy>()
  const deadline = createDeadline({ deadlineMs: SILENCE_MS, clock })
  const breakerOf = (slot: number) => {
    const node = nodeOf(slot) ?? slot
    const breaker = breakers.get(node) ?? chain(createBreaker({ ...BREAKER, clock }), deadline)
    breakers.set(node, breaker)
    return breaker
  }
  return (command, follows) => {
    const key = toFirstKey(command)
    if (key === undefined) return send(command, follows)
    let sent: Promise<unknown> | undefined
    const counted = breakerOf(toClusterSlot(key))(command[0].toLowerCase(), () => {
      sent = send(command, follows)
      return sent.catch((error: unknown) => {
        if (error instanceof ConnectionFailedError) throw error
      })
    })
    if (sent === undefined) return counted
    counted.catch(() => {})
    return sent
  }
}

/** The key by which a command finds its server; undefined for one that any server can answer. */
export function toFirstKey([name, ...args]: Command): string | undefined {
  const key = name === 'EVAL' || name === 'EVALSHA' ? args[2] : args[0]
  return key === undefined ? undefined : String(key)
}
