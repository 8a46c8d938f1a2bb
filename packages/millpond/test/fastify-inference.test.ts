import createFastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { NodeRequest } from '../src/http/node-response.ts'
import { createCache, createLimiter, fixedWindow } from '../src/index.ts'
import { cachedRoute, limitRequests } from '../src/integrations/fastify.ts'
import { memory } from '../src/stores/memory/index.ts'

/** Held by the compiler, with the real Fastify's types: `npm run ok` checks the types of this file. */

const store = memory()
const limiter = createLimiter({
  store,
  policies: { reads: fixedWindow({ limit: 60, window: '60s', onUnavailable: 'open' }) },
})
const item = createCache({ store, namespace: 'types' }).define({
  name: 'item',
  ttl: '5m',
  input: z.object({ id: z.string() }),
  load: async ({ id }) => id,
})
const toTake = (request: FastifyRequest) => ({ policy: 'reads', key: request.ip }) as const
const toInput = (request: FastifyRequest) => z.object({ id: z.string() }).parse(request.params)

test('limitRequests() is a hook where it is written: of a route, in a list, of all routes', () => {
  const app = createFastify()
  app.get('/one', { onRequest: limitRequests(limiter, toTake) }, () => 'one')
  app.get('/list', { preHandler: [limitRequests(limiter, toTake), limitRequests(limiter, toTake)] }, () => 'list')
  app.route({ method: 'GET', url: '/route', onRequest: limitRequests(limiter, toTake), handler: () => 'route' })
  app.addHook('onRequest', limitRequests(limiter, toTake))
  app.addHook(
    'onRequest',
    limitRequests(limiter, (request: FastifyRequest) => ({ policy: 'reads', key: request.ip })),
  )
  app.get<{ Params: { id: string }; Reply: { id: string } }>(
    '/generic',
    { onRequest: limitRequests(limiter, toTake) },
    ({ params }) => params,
  )
})

test('limitRequests() as a constant is a hook too, and gives the reply back', () => {
  const onRequest = limitRequests(limiter, toTake)
  createFastify().get('/constant', { onRequest }, () => 'constant')
  const call = (request: FastifyRequest, reply: FastifyReply) => onRequest(request, reply)
  expectTypeOf(call).returns.resolves.toEqualTypeOf<FastifyReply | undefined>()
})

test('limitRequests() knows of a request without a type what every Node.js request has', () => {
  const onRequest = limitRequests(limiter, (request) => {
    expectTypeOf(request).toEqualTypeOf<NodeRequest>()
    return { policy: 'reads', key: request.socket.remoteAddress ?? '' }
  })
  createFastify().get('/untyped', { onRequest }, () => 'untyped')
})

test('limitRequests() refuses a policy that the limiter does not have', () => {
  // @ts-expect-error: the limiter has no policy "writes"
  limitRequests(limiter, (request: FastifyRequest) => ({ policy: 'writes', key: request.ip }))
})

test('cachedRoute() is a handler where it is written, and called within another', () => {
  const app = createFastify()
  app.get('/items/:id', cachedRoute(item, toInput))
  app.get('/hooked/:id', { onRequest: limitRequests(limiter, toTake) }, cachedRoute(item, toInput))
  app.route({ method: 'GET', url: '/route/:id', handler: cachedRoute(item, toInput) })
  app.get('/inside/:id', (request, reply) => cachedRoute(item, toInput)(request, reply))
})
