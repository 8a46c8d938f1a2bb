import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../cache/cache.ts'
import { memory } from '../stores/memory/index.ts'
import { cachedResponse } from './cached-response.ts'

interface Stored {
  readonly body: string
  readonly etag: string
  readonly vary: readonly string[]
  readonly shared: boolean
  readonly request: Headers
}

/**
 * A cache between the users and the server, more careless than RFC 9111 allows: it keeps every answer that is not private and gives it, without asking again, to whoever's varying headers
 * match. A private one it keeps only to ask again with its ETag.
 */
function createSharedCache(serve: (path: string, headers: Headers) => Promise<Response>) {
  const stored = new Map<string, Stored[]>()
  return async (path: string, headers: Headers): Promise<string> => {
    const kept = stored.get(path) ?? []
    const match = kept.find(({ vary, request }) => vary.every((name) => request.get(name) === headers.get(name)))
    if (match?.shared) return match.body
    const conditional = new Headers(headers)
    if (match) conditional.set('if-none-match', match.etag)
    const response = await serve(path, conditional)
    if (response.status === 304) return match?.body ?? ''
    const body = await response.text()
    const vary = response.headers.get('vary')?.split(', ') ?? []
    const shared = !/private|no-store/.test(response.headers.get('cache-control') ?? '')
    stored.set(path, [{ body, vary, shared, etag: response.headers.get('etag') ?? '', request: headers }, ...kept])
    return body
  }
}

test('cachedResponse() shows no user the answer of another, in any order of reads, changes and revalidations', async () => {
  const step = fc.record({
    user: fc.constantFrom('alice', 'bob'),
    action: fc.constantFrom('read', 'read', 'change', 'public'),
    language: fc.constantFrom('en', 'de'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const cache = createCache({ store: memory(), namespace: 'leak' })
      let version = 0
      const mine = cache.define({
        name: 'mine',
        ttl: '1m',
        input: z.object({ user: z.string() }),
        tags: ({ user }) => [`user:${user}`],
        load: ({ user }) => ({ owner: user, version }),
      })
      const greeting = cache.define({
        name: 'greeting',
        ttl: '1m',
        input: z.object({ language: z.string() }),
        load: ({ language }) => ({ language }),
      })
      const ask = createSharedCache(async (path, headers) => {
        const request = { method: 'GET', headers }
        if (path === '/mine')
          return cachedResponse(request, await mine.get({ user: headers.get('authorization') ?? '' }))
        const result = await greeting.get({ language: headers.get('accept-language') ?? '' })
        return cachedResponse(request, result, { private: false, vary: ['Accept-Language'] })
      })
      for (const { user, action, language } of steps) {
        const headers = new Headers({ authorization: user, 'accept-language': language })
        if (action === 'read') expect(JSON.parse(await ask('/mine', headers))).toMatchObject({ owner: user })
        else if (action === 'public') expect(JSON.parse(await ask('/greeting', headers))).toEqual({ language })
        else {
          version += 1
          await cache.invalidate([`user:${user}`])
        }
      }
      cache.close()
    }),
    { numRuns: 150 },
  )
})
