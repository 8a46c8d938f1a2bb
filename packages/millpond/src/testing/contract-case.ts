import { createKeyring, createNonce, type StoreKey } from '../key.ts'
import type { Store } from '../stores/store.ts'
import { systemClock } from '../time/clock.ts'

/** What a case is given: the store, keys of its own, and a way to let the store's time pass. */
export interface ContractContext {
  readonly store: Store
  readonly key: (kind: 'entry' | 'lease' | 'tag', name: string) => Promise<StoreKey>
  readonly limitKey: (policy: string, identity: string) => Promise<StoreKey>
  /** Lets at least `ms` milliseconds of the store's clock pass. */
  readonly pass: (ms: number) => Promise<void>
}

/** One promise that every store keeps. Rejects when it does not. */
export interface ContractCase {
  readonly name: string
  run(context: ContractContext): Promise<void>
}

/** Creates the context of a case: keys in a namespace of its own, so that cases may share a database. */
export function createContractContext(store: Store, pass: ContractContext['pass']): ContractContext {
  const namespace = `contract.${createNonce().replaceAll(/[^A-Za-z0-9]/g, '.')}`
  const keyring = createKeyring({ namespace, action: 'Cannot run the contract' })
  return {
    store,
    pass,
    async key(kind, name) {
      const id = await keyring.id(name)
      return kind === 'tag' ? keyring.tag(id) : keyring[kind]('case', id)
    },
    limitKey: async (policy, identity) => keyring.limit(policy, await keyring.id(identity)),
  }
}

/**
 * Runs what must be over within a window. On a busy machine it may not be: what then fails proves nothing, and is tried again with a longer window. A store that is wrong fails with each.
 */
export async function withinWindow(windowMs: number, run: (windowMs: number) => Promise<void>): Promise<void> {
  for (const longer of [windowMs, windowMs * 4]) {
    const began = systemClock.now()
    try {
      return await run(longer)
    } catch (error) {
      if (systemClock.now() - began < longer) throw error
    }
  }
  await run(windowMs * 16)
}

/** Throws unless both are the same as JSON, in which infinity has a name. */
export function equal(actual: unknown, expected: unknown): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, item: unknown) => (item === Number.POSITIVE_INFINITY ? 'Infinity' : item))
  ok(text(actual) === text(expected), `expected ${text(expected)}, received ${text(actual)}`)
}

/** Throws a {@link ContractError} unless it holds. */
export function ok(holds: boolean, promise: string): void {
  if (!holds) throw new ContractError(promise)
}

/** A store broke its contract. */
export class ContractError extends Error {
  readonly code = 'ERR_STORE_CONTRACT'
  override readonly name = 'ContractError'
}
