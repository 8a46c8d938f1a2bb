import { Hono } from 'hono'
import { fixedWindow } from 'millpond'
import { memory } from 'millpond/memory'
import { describe, expect, it } from 'vitest'
import type { ApiEnv } from './api-env.ts'
import { UserId } from './auth/user-id.ts'
import { limitRequests, limitsItself } from './limit-requests.ts'
import { createApiLimiter, POLICIES } from './limits.ts'

describe('limitRequests', () => {
  it('limitRequests() tells the decision where a handler that asks it itself throws', async () => {
    const policies = { ...POLICIES, user: fixedWindow({ limit: 2, window: '1d', onUnavailable: 'closed' }) }
    const limiter = createApiLimiter({ store: memory(), keySecret: 'a secret of this test', policies })
    const app = new Hono<ApiEnv>()
    app.use(async (c, next) => {
      c.set('identity', {
        status: 'verified',
        userId: UserId.parse('5eed0000-0000-4000-8000-000000000001'),
        email: null,
      })
      await next()
    })
    app.use(limitRequests({ limiter, profile: 'socket' }))
    app.onError((_, c) => c.body('sorry', 400))
    const fail = async () => {
      throw new TypeError('a fault of the input')
    }
    app.get('/', limitsItself(fail))
    const seen = []
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, headers } = await app.request('/')
      seen.push([status, headers.get('x-ratelimit-remaining')])
    }
    expect(seen).toEqual([
      [400, '1'],
      [400, '0'],
      [429, '0'],
    ])
  })
})
