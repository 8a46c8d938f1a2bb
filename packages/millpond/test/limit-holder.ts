import { Redis } from 'ioredis'
import { hold } from '../src/limit/hold.ts'
import { createLimiter } from '../src/limit/limiter.ts'
import { redis } from '../src/stores/redis/index.ts'
import { CRASH_POLICIES } from './crash-policies.ts'

/** A process that holds permits or a leased block until it is killed: `lease` takes three units of a block, `permits` holds as many as it is given. */
const [url = '', what = '', count = '1'] = process.argv.slice(2)
const limiter = createLimiter({ store: redis(new Redis(url)), deadline: '10s', policies: CRASH_POLICIES })

async function begin(): Promise<number> {
  if (what === 'lease') {
    const decisions = await Promise.all([1, 2, 3].map(() => limiter.limit('leased', 'a')))
    return decisions.filter(({ allowed }) => allowed).length
  }
  const holds = await Promise.all(
    Array.from({ length: Number(count) }, () => hold(limiter, { policy: 'jobs', key: 'a' })),
  )
  return holds.filter(({ decision }) => decision.allowed).length
}

process.send?.(await begin())
