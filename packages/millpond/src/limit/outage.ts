import type { Counts } from './counts.ts'
import type { Decision } from './decision.ts'
import type { OutageMode } from './policy.ts'
import type { PolicyCheck } from './read-takes.ts'

/** Decides without the store: `closed` refuses, `local` counts in this process, `open` lets pass; where policies differ the strictest decides. Shadows have no say. */
export async function decideWithoutStore<Name extends string>(
  checks: readonly PolicyCheck<Name>[],
  local: Pick<Counts<PolicyCheck<Name>>, 'take' | 'peek'>,
  { cause, operation }: { cause: unknown; operation: 'take' | 'peek' },
): Promise<Decision<Name>> {
  const policies = checks.map(({ policy }) => policy)
  const degraded = (mode: OutageMode, allowed: boolean, retryAfterMs?: number) =>
    ({ status: 'degraded', allowed, mode, policies, retryAfterMs, cause }) as const
  const enforced = checks.filter(({ shadow }) => !shadow)
  if (enforced.some(({ onUnavailable }) => onUnavailable === 'closed')) return degraded('closed', false)
  const counted = enforced.filter(({ onUnavailable }) => onUnavailable === 'local')
  if (counted.length === 0) return degraded('open', true)
  const verdicts = await local[operation](counted)
  if (verdicts.every(({ allowed }) => allowed)) return degraded('local', true)
  return degraded('local', false, Math.max(...verdicts.map(({ retryAfterMs }) => retryAfterMs)))
}
