import type { Decision } from './decision.ts'
import type { LimitCheck, LimitStore } from './limit-store.ts'
import type { OutageMode } from './policy.ts'

/** A check with the policy it comes from. */
export interface PolicyCheck<Name extends string> extends LimitCheck {
  readonly policy: Name
  readonly onUnavailable: OutageMode
}

/** Decides without the store: `closed` refuses, `local` counts in this process, `open` lets pass; where policies differ the strictest decides. */
export async function decideWithoutStore<Name extends string>(
  checks: readonly PolicyCheck<Name>[],
  local: LimitStore,
  cause: unknown,
): Promise<Decision<Name>> {
  const policies = checks.map(({ policy }) => policy)
  const degraded = (mode: OutageMode, allowed: boolean, retryAfterMs?: number) =>
    ({ status: 'degraded', allowed, mode, policies, retryAfterMs, cause }) as const
  if (checks.some(({ onUnavailable }) => onUnavailable === 'closed')) return degraded('closed', false)
  const counted = checks.filter(({ onUnavailable }) => onUnavailable === 'local')
  if (counted.length === 0) return degraded('open', true)
  const verdicts = await local.take(counted)
  if (verdicts.every(({ allowed }) => allowed)) return degraded('local', true)
  return degraded('local', false, Math.max(...verdicts.map(({ retryAfterMs }) => retryAfterMs)))
}
