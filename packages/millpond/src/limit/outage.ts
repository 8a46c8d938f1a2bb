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
  const degraded = (mode: OutageMode, allowed: boolean) =>
    ({ status: 'degraded', allowed, mode, policies: checks.map(({ policy }) => policy), cause }) as const
  if (checks.some(({ onUnavailable }) => onUnavailable === 'closed')) return degraded('closed', false)
  const counted = checks.filter(({ onUnavailable }) => onUnavailable === 'local')
  if (counted.length === 0) return degraded('open', true)
  const verdicts = await local.take(counted)
  return degraded(
    'local',
    verdicts.every(({ allowed }) => allowed),
  )
}
