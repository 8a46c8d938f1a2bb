import { cacheContract } from './cache-contract.ts'
import type { ContractCase } from './contract-case.ts'
import { limitContract } from './limit-contract.ts'

/** The contract that `createCache` and `createLimiter` rely on, as data: loop over it in any test runner. */
export const storeContract: readonly ContractCase[] = [
  ...cacheContract,
  ...limitContract,
  {
    name: 'ping() resolves',
    run: ({ store }) => store.ping(),
  },
]
