import type { StoreKey } from '../key.ts'
import { instantOf, within } from '../time/clock.ts'
import { type LimiterParts, refundMarks } from './limiter-parts.ts'
import type { PolicyCheck } from './read-takes.ts'
import { readVerdict, type Verdict } from './verdict.ts'

/** For how long a process may spend a block that it took. A sliding window counts leased units for so much longer, from when the block was taken. */
export const LEASE_MS = 1_000

const MOST_BLOCKS = 1_000

/** Units taken in advance and not yet spent; none while the store has no whole block to give. */
interface Block {
  left: number
  readonly limit: number
  readonly until: number
  readonly askedAt: number
  readonly verdict: Verdict
}

/** How a process takes units in advance. Made by `blocksOf`. */
export interface Lease {
  readonly units: number
  readonly create: typeof createLeases
}

/**
 * Lets each process take so many units at once (a whole number, at least 2) and spend them by itself for up to a second: one round trip a block rather than a take, for keys with much traffic. Never
 * admits too much; a sliding window counts for one second longer. Takes of several policies, and costs above the block, go to the store.
 */
export function blocksOf(units: number): Lease {
  return { units, create: createLeases }
}

/** Spends from the block of the key, taking a new one where needed: 1 round trip for each block. Undefined when there is no block to be had, and the take goes to the store as it is. */
export type SpendLeased = (checks: readonly PolicyCheck<string>[]) => Promise<readonly Verdict[] | undefined>

/**
 * Creates the local permits of a process: blocks of `lease` units, spent without asking the store. It never admits too much: a block is taken like any other cost, and a unit spent late counts
 * as long as if it had been taken late, because the window is longer by LEASE_MS (a fixed window's block ends with its window). What is unspent after LEASE_MS, or when the limiter is closed,
 * goes back; a process that dies leaves one block a key counted until its window has passed. At most 1,000 blocks at once.
 */
export function createLeases(parts: LimiterParts): SpendLeased {
  const { guard, store, clock } = parts
  const now = () => instantOf(clock)
  const blocks = new Map<StoreKey, { block: Block | Promise<Block>; check: PolicyCheck<string> }>()

  async function ask(check: PolicyCheck<string>): Promise<Block> {
    const askedAt = now()
    try {
      const [first] = await guard('take', () => store.take([{ ...check, cost: check.lease ?? 0 }]))
      const verdict = readVerdict(check.policy, first)
      const left = verdict.allowed ? (check.lease ?? 0) : 0
      const livesMs = check.algorithm === 'fixed-window' && left > 0 ? Math.min(LEASE_MS, verdict.resetMs) : LEASE_MS
      const block = { left, limit: check.limit, until: askedAt + livesMs, askedAt, verdict }
      blocks.set(check.key, { block, check })
      clock.after(livesMs, () => void end(check.key, block), { background: true })
      return block
    } catch (error) {
      blocks.delete(check.key)
      throw error
    }
  }

  async function end(key: StoreKey, block: Block): Promise<void> {
    const found = blocks.get(key)
    if (found?.block !== block) return
    blocks.delete(key)
    const { left, verdict } = block
    block.left = 0
    if (left > 0 && verdict.mark !== undefined)
      await refundMarks(parts, [{ ...found.check, cost: left, mark: verdict.mark }])
  }

  async function spend([check, ...others]: readonly PolicyCheck<string>[]): Promise<readonly Verdict[] | undefined> {
    if (!check?.lease || others.length > 0 || check.shadow || check.cost > check.lease) return undefined
    for (;;) {
      const found = blocks.get(check.key)
      if (!found) {
        if (blocks.size >= MOST_BLOCKS) return undefined
        const block = ask(check)
        blocks.set(check.key, { block, check })
        await block
        continue
      }
      // The request that asks may be gone, on platforms that stop its work then.
      const block = found.block instanceof Promise ? await within(clock, LEASE_MS, found.block) : found.block
      if (!block) {
        if (blocks.get(check.key) === found) blocks.delete(check.key)
        continue
      }
      const usable = now() < block.until && block.limit === check.limit
      if (usable && block.left >= check.cost) {
        block.left -= check.cost
        return [toVerdict(block, now())]
      }
      if (usable && !block.verdict.allowed) return undefined
      await end(check.key, block)
    }
  }

  parts.onClose = () => Promise.all([...blocks].map(([key, { block }]) => block instanceof Promise || end(key, block)))
  return spend
}

/** What the store said of the block, with what is left of it counted as remaining. */
function toVerdict({ verdict, left, askedAt }: Block, at: number): Verdict {
  const resetMs = Math.max(0, verdict.resetMs - Math.floor(at - askedAt))
  return { ...verdict, remaining: verdict.remaining + left, resetMs }
}
