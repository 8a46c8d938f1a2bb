import { expect, test, vi } from 'vitest'
import { createLimiter } from '../limit/limiter.ts'
import { slidingWindow } from '../limit/policy.ts'
import { memory } from '../stores/memory/index.ts'
import { createFakeClock } from '../testing/fake-clock.ts'
import { guard } from './guard.ts'

test('guard() answers within the limit with its headers, and calls nothing behind it when it refuses', async () => {
  const clock = createFakeClock()
  const policies = { reads: slidingWindow({ limit: 1, window: '60s', onUnavailable: 'closed' }) }
  const limiter = createLimiter({ store: memory({ clock }), clock, policies })
  const answer = vi.fn(() => new Response('body', { status: 201, headers: { RateLimit: 'own' } }))
  const limits = () => limiter.limit('reads', 'a')
  const allowed = await guard({ limits, answer })
  expect([allowed.status, await allowed.text(), allowed.headers.get('ratelimit')]).toEqual([201, 'body', 'own'])
  expect(allowed.headers.get('x-ratelimit-remaining')).toBe('0')
  const refused = await guard({ limits, answer })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  expect(answer).toHaveBeenCalledTimes(1)
})
