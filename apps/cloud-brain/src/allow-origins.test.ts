import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { allowOrigins } from './allow-origins.ts'
import type { ApiEnv } from './api-env.ts'

const OURS = 'https://app.pond.example'

describe('allowOrigins', () => {
  afterEach(() => vi.restoreAllMocks())

  function open(origins = [OURS]) {
    const app = new Hono<ApiEnv>()
    app.use(allowOrigins(origins))
    app.get('/', (c) => c.body('here', 200, { Vary: 'Accept' }))
    app.get('/broken', () => {
      throw new TypeError('broken')
    })
    app.onError((_, c) => c.body('sorry', 500))
    return app
  }

  it.each([
    ['/', OURS, 200, OURS, 'Accept, Origin'],
    ['/', 'https://evil.dev', 200, null, 'Accept, Origin'],
    ['/broken', OURS, 500, OURS, 'Origin'],
    ['/missing', OURS, 404, OURS, 'Origin'],
  ])('allowOrigins() tells %s to %s', async (path, origin, status, allowed, vary) => {
    const { status: actual, headers } = await open().request(path, { headers: { origin } })
    expect([actual, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([status, allowed, vary])
    const exposed = headers.get('access-control-expose-headers')
    expect(exposed).toEqual(allowed === null ? null : expect.stringMatching(/^Age,Cache-Status,ETag,/))
  })

  it('allowOrigins() adds nothing where there are none', async () => {
    const { headers } = await open([]).request('/', { headers: { origin: OURS } })
    expect([...headers.keys()].sort()).toEqual(['content-type', 'vary'])
    expect(headers.get('vary')).toBe('Accept')
  })

  it('allowOrigins() answers a preflight itself', async () => {
    const asked = { origin: OURS, 'access-control-request-method': 'GET' }
    const { status, headers } = await open().request('/', { method: 'OPTIONS', headers: asked })
    expect([status, headers.get('access-control-allow-methods')]).toEqual([204, 'GET,POST,PATCH,DELETE'])
  })

  it('allowOrigins() leaves to the routes what is no preflight, or where there are no origins', async () => {
    const asked = { origin: OURS, 'access-control-request-method': 'GET' }
    const plain = await open().request('/', { method: 'OPTIONS', headers: { origin: OURS } })
    const closed = await open([]).request('/', { method: 'OPTIONS', headers: asked })
    expect([plain.status, closed.status]).toEqual([404, 404])
  })

  it('allowOrigins() never opens the body of an answer as a stream, which the server would then have to read again', async () => {
    const body = vi.spyOn(Response.prototype, 'body', 'get')
    const response = await open().request('/', { headers: { origin: OURS } })
    expect(body).not.toHaveBeenCalled()
    expect(await response.text()).toBe('here')
  })
})
