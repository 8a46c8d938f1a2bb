import { ALGORITHMS, type LimitCheck } from '../limit/limit-store.ts'
import type { ContractContext } from './contract-case.ts'

/** A check of a sliding window. */
export async function slidingCheck(
  context: ContractContext,
  policy: string,
  identity: string,
  options: Partial<LimitCheck>,
): Promise<LimitCheck> {
  return {
    key: await context.limitKey(policy, identity),
    algorithm: 'sliding-window',
    limit: 5,
    windowMs: 60_000,
    cost: 1,
    ...options,
  }
}

/** A check of each algorithm, with a state of its own. */
export async function checkOfEach(
  context: ContractContext,
  identity: string,
  options: Partial<LimitCheck>,
): Promise<LimitCheck[]> {
  const extras = { 'token-bucket': { refill: options.limit }, concurrency: { permit: 'permit-1' } }
  return Promise.all(
    ALGORITHMS.map(async (algorithm) => ({
      ...(await slidingCheck(context, `each ${algorithm}`, identity, options)),
      ...(algorithm in extras ? extras[algorithm as keyof typeof extras] : {}),
      algorithm,
    })),
  )
}

/** A check of a fixed window. */
export async function fixedCheck(
  context: ContractContext,
  policy: string,
  identity: string,
  options: Partial<LimitCheck>,
): Promise<LimitCheck> {
  return { ...(await slidingCheck(context, policy, identity, options)), algorithm: 'fixed-window' }
}
