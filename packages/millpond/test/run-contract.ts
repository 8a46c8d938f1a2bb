import type { Cluster, Redis } from 'ioredis'
import { describe, test } from 'vitest'
import { type NodeRedisClient, type NodeRedisCluster, redis } from '../src/stores/redis/index.ts'
import type { Store } from '../src/stores/store.ts'
import { createContractContext } from '../src/testing/contract-case.ts'
import { storeContract } from '../src/testing/store-contract.ts'

/** A little more than so long, since a server's clock and ours do not tick together. */
export const passRealTime = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms + 2))

/** Each case of the store contract as a test, on a store that is there when the tests run. */
export function runContract(setUp: () => Store): void {
  test.concurrent.each(storeContract)('$name', async ({ run }) => {
    await run(createContractContext(setUp(), passRealTime))
  })
}

/** What must hold over both libraries: the store contract, and `more`. */
export function describeBoth(
  clients: () => { readonly ioredis: Redis | Cluster; readonly nodeRedis: NodeRedisClient | NodeRedisCluster },
  more: (setUp: () => Store) => void = () => {},
): void {
  for (const name of ['ioredis', 'nodeRedis'] as const) {
    describe(`over ${name === 'ioredis' ? name : 'node-redis'}`, () => {
      const setUp = () => redis(clients()[name])
      runContract(setUp)
      more(setUp)
    })
  }
}
