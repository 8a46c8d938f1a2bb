import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, expect, test, vi } from 'vitest'
import { createCache, createLimiter, slidingWindow } from '../src/index.ts'
import { cachedRoute, limitRequests } from '../src/integrations/express.ts'
import { memory } from '../src/stores/memory/index.ts'

const ANSWERS = ['answered', 'answered', 'answered']
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** An app in which something answers first (as a timeout does) and lets the request go on: the limit and the cached route find it answered. */
async function start(limit: number) {
  const store = memory()
  const errors: unknown[] = []
  const reached: string[] = []
  const definition = createCache({ store, namespace: 'test' }).define({ name: 'late', ttl: '1m', load: async () => 1 })
  const only = slidingWindow({ limit, window: '60s', onUnavailable: 'closed' })
  const limiter = createLimiter({ store, policies: { only } })
  const app = express()
  app.use((_request, response, next) => {
    response.status(202).send('answered')
    next()
  })
  app.use(limitRequests(limiter, () => ({ policy: 'only', key: 'all' })))
  app.use((request, _response, next) => {
    reached.push(request.path)
    next()
  })
  app.get(
    '/late',
    cachedRoute(definition, () => undefined),
  )
  const keep: express.ErrorRequestHandler = (error, _request, _response, _next) => void errors.push(error)
  app.use(keep)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/late`
  /** Asks three times, and waits for what goes on after the answers. */
  async function askThrice() {
    const answers: unknown[] = []
    for (let turn = 0; turn < 3; turn += 1) answers.push(await (await fetch(url)).text())
    await vi.waitFor(
      () => {
        const { allowed, refused } = limiter.counters().only
        expect(allowed + refused).toBe(3)
      },
      { timeout: 20_000 },
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { answers, errors, reached }
  }
  return { askThrice }
}

test('millpond/express adds nothing to a response that has been sent, and what follows still runs', async () => {
  const { askThrice } = await start(9)
  expect(await askThrice()).toEqual({ answers: ANSWERS, errors: [], reached: ['/late', '/late', '/late'] })
})

test('millpond/express ends in silence what is refused after a response has been sent', async () => {
  const { askThrice } = await start(1)
  expect(await askThrice()).toEqual({ answers: ANSWERS, errors: [], reached: ['/late'] })
})
