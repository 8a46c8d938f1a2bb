import { expect, test } from 'vitest'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { createLimiter } from './limiter.ts'
import { tokenBucket } from './policy.ts'

test('a token bucket whose window is changed starts anew: what was taken of a day does not refuse for hours of a minute', async () => {
  const clock = createFakeClock()
  const store = memory({ clock })
  const deploy = (window: '1d' | '60s') =>
    createLimiter({ store, clock, policies: { api: tokenBucket({ limit: 100, window, onUnavailable: 'closed' }) } })
  await deploy('1d').take({ policy: 'api', key: 'alice', cost: 50 })
  const now = deploy('60s')
  expect(await now.limit('api', 'alice')).toMatchObject({ status: 'allowed', nearest: { remaining: 99 } })
  await now.reset('api', 'alice')
  expect(await now.peek({ policy: 'api', key: 'alice' })).toMatchObject({ nearest: { remaining: 100 } })
})
