/** Runs in every runtime, so it uses nothing but the library: the store contract, and a cache and a limiter on the store. */
import { createCache, createLimiter, slidingWindow } from 'millpond'
import { createContractContext, storeContract } from 'millpond/testing'

/** @param {number} ms */
const pass = (ms) => new Promise((resolve) => void setTimeout(resolve, ms + 2))

/**
 * Rejects with what does not hold. Gives the number of cases that do.
 * @param {import('millpond').Store} store
 */
export async function proveStore(store) {
  for (const { name, run } of storeContract) {
    await run(createContractContext(store, pass)).catch((error) => {
      throw new TypeError(`${store.kind}: ${name}: ${error.message}`, { cause: error })
    })
  }
  const namespace = `runtime-${Math.random().toString(36).slice(2)}`
  await proveCache(store, namespace)
  await proveLimiter(store, namespace)
  return storeContract.length + 2
}

/**
 * @param {import('millpond').Store} store
 * @param {string} namespace
 */
async function proveCache(store, namespace) {
  const cache = createCache({ store, namespace, deadline: '10s', keySecret: 'at least sixteen characters' })
  let loads = 0
  const load = async () => {
    loads += 1
    return { loads, text: '∅ \u0000 😀' }
  }
  const counted = cache.define({ name: 'counted', ttl: '5m', tags: () => ['all'], load })
  const reads = await Promise.all([counted.get(), counted.get(), counted.get()])
  same('reads of one moment', new Set(reads.map(({ body }) => body)).size, 1)
  same('second read', (await counted.get()).status, 'hit')
  same('invalidation', await cache.invalidate(['all']), { delivered: true })
  const after = await counted.get()
  same('read after it', [after.status, after.value.loads, after.value.text], ['miss', 2, '∅ \u0000 😀'])
  same('self-test of the cache', (await cache.selfTest()).ok, true)
  cache.close()
}

/**
 * @param {import('millpond').Store} store
 * @param {string} namespace
 */
async function proveLimiter(store, namespace) {
  const policies = { join: slidingWindow({ limit: 2, window: '1m', onUnavailable: 'closed' }) }
  const limiter = createLimiter({ store, namespace, deadline: '10s', policies })
  const decisions = await Promise.all([1, 2, 3].map(() => limiter.limit('join', 'alice')))
  same('three takes of two', decisions.map(({ status }) => status).sort(), ['allowed', 'allowed', 'refused'])
}

/**
 * @param {string} what
 * @param {unknown} actual
 * @param {unknown} expected
 */
function same(what, actual, expected) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new TypeError(`${what} must give ${b}, received ${a}`)
}
