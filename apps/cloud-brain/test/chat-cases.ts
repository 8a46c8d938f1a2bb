import type { ServerResponse } from 'node:http'
import { disabled } from 'millpond'
import { upstash } from 'millpond/upstash'
import { freePort } from 'millpond-e2e/servers'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createModelAnswerer } from '../src/chat/model-answerer.ts'
import { CHAT_LIMITS } from '../src/limits.ts'
import { listen } from '../src/listen.ts'
import { addDays } from '../src/local-day.ts'
import type { Current } from './api-suite.ts'
import { createHarness, faultyFields, GENEROUS, makePremium, TODAY } from './harness.ts'
import { chunk, collectGarbage, withModel } from './with-model.ts'

/** The events of a stream, as name and data. */
async function eventsOf(response: Response): Promise<[string, unknown][]> {
  const blocks = (await response.text()).trim().split('\n\n')
  return blocks.map((block) => {
    const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
    return [event, JSON.parse(data)]
  })
}

export function describeChat(current: Current): void {
  const ask = (user: { post(path: string, body: unknown): Promise<Response> }, message: unknown = 'How did I sleep?') =>
    user.post('/chat', { message })
  const usageOf = async (user: { get(path: string): Promise<Response> }): Promise<unknown> =>
    (await user.get('/chat/usage')).json()
  const open = (parts: Partial<Parameters<typeof createHarness>[0]> = {}) =>
    createHarness({ ...current(), policies: GENEROUS, deadline: '10s', ...parts })

  describe('chat', () => {
    it('answers from the user’s own rows and cites each figure it used', async () => {
      const { createUser } = current().harness
      const [ana, ben] = [await createUser(), await createUser()]
      const yesterday = addDays(TODAY, -1)
      await ana.ingest({
        source: 'watch',
        sleep: [
          { date: yesterday, hours: 7 },
          { date: TODAY, hours: 8 },
        ],
      })
      await ben.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 3 }] })
      const response = await ask(ana)
      expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
        200,
        'text/event-stream',
        'no-store',
      ])
      expect(await eventsOf(response)).toEqual([
        ['text', { text: `Your latest sleep: 8 hours on ${TODAY}; the average of the last 7 days is 7.5. ` }],
        ['text', { text: 'Small steps every day add up.' }],
        [
          'citations',
          [
            { date: yesterday, metric: 'sleep_hours', value: 7 },
            { date: TODAY, metric: 'sleep_hours', value: 8 },
          ],
        ],
        ['done', {}],
      ])
    })

    it('refuses the 51st question of a free user with 429 and headers, and lets one who pays from then on go on', async () => {
      const harness = open()
      const user = await harness.createUser()
      expect(await usageOf(user)).toEqual({ tier: 'free', limit: 50, used: 0, remaining: 50, resets_in_seconds: 0 })
      const first = await ask(user)
      expect(first.headers.get('ratelimit-policy')).toBe('"chat";q=50;w=86400')
      expect(first.headers.get('x-ratelimit-remaining')).toBe('49')
      await first.text()
      for (let count = 2; count <= 50; count += 1) {
        const response = await ask(user)
        await response.text()
        expect([count, response.status]).toEqual([count, 200])
      }
      const refused = await ask(user)
      expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
      expect(refused.headers.get('ratelimit-policy')).toBe('"chat";q=50;w=86400')
      expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
      const wait = Number(refused.headers.get('retry-after'))
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(86_400)
      expect(await refused.json()).toMatchObject({ 'violated-policies': ['chat'], limit: 50, remaining: 0 })
      expect(await usageOf(user)).toMatchObject({ used: 50, remaining: 0 })
      expect((await user.get('/analytics/goals')).status).toBe(200)
      await makePremium(current().database, user)
      await harness.cache.invalidate([`user:${user.userId}`])
      expect(await usageOf(user)).toMatchObject({ tier: 'premium', limit: 500, used: 50, remaining: 450 })
      expect((await ask(user)).status).toBe(200)
    })

    it.each([[''], ['   '], ['x'.repeat(2001)], [5], [undefined]])(
      'refuses the message %j, uncounted',
      async (message) => {
        const user = await current().harness.createUser()
        const response = await user.post('/chat', { message })
        expect([response.status, await faultyFields(response)]).toEqual([400, ['message']])
        expect(await usageOf(user)).toMatchObject({ used: 0 })
      },
    )

    it('passes a model’s answer on, and tells the model no id, e-mail or token', async () => {
      const seen: string[] = []
      let sendRest = () => {}
      const reply = (response: ServerResponse, request: { authorization: string | undefined; body: string }) => {
        seen.push(request.authorization ?? '', request.body)
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const bytes = Buffer.from(`: hello\n\n${chunk('You sleep ')}${chunk('wéll.')}data: [DONE]`)
        // Cut in the middle of a letter.
        const cut = bytes.indexOf(0xc3) + 1
        response.write(bytes.subarray(0, cut))
        sendRest = () => response.end(bytes.subarray(cut))
      }
      /** The answer is there with its first piece. */
      const askInParts = async (user: Parameters<typeof ask>[0]) => {
        const response = await ask(user)
        sendRest()
        return response
      }
      await withModel(reply, async (url) => {
        const harness = open({ answerer: createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }) })
        const user = await harness.createUser()
        await user.ingest({ source: 'watch', sleep: [{ date: TODAY, hours: 8 }] })
        const events = await eventsOf(await askInParts(user))
        expect(events).toEqual([
          ['text', { text: 'You sleep ' }],
          ['text', { text: 'wéll.' }],
          ['citations', expect.arrayContaining([{ date: TODAY, metric: 'sleep_hours', value: 8 }])],
          ['done', {}],
        ])
        expect(seen[0]).toBe('Bearer k3y')
        expect(JSON.parse(seen[1] ?? '')).toMatchObject({
          model: 'coach-1',
          stream: true,
          messages: [{ role: 'system' }, { role: 'user', content: 'How did I sleep?' }],
        })
        for (const secret of [user.userId, user.email, user.token]) expect(seen[1]).not.toContain(secret)
        expect(seen[1]).not.toContain('pounds')
        await user.patch('/users/me/preferences', { units: 'imperial' })
        await (await askInParts(user)).text()
        expect(seen[3]).toContain('Say weights in pounds')
      })
    })

    it.each([
      ['an error status', (response: ServerResponse) => response.writeHead(500).end('{"error":{"message":"k3y"}}')],
      ['a closed connection', (response: ServerResponse) => response.destroy()],
      ['something else', (response: ServerResponse) => response.writeHead(200).end('data: {"k3y":1}\n\n')],
      ['nothing', (response: ServerResponse) => response.writeHead(200).end()],
      ['no text', (response: ServerResponse) => response.writeHead(200).end(`${chunk('')}data: [DONE]\n\n`)],
      [
        'no end of a line',
        (response: ServerResponse) => {
          const more = () =>
            void (response.destroyed || response.write('k3y'.repeat(100_000), () => setImmediate(more)))
          response.writeHead(200)
          more()
        },
      ],
    ])('is 503 without a word about the inside when the model gives %s', async (_, reply) => {
      await withModel(reply, async (url) => {
        const harness = open({ answerer: createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }) })
        const response = await ask(await harness.createUser())
        expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30'])
        const text = await response.text()
        expect(z.object({ detail: z.string() }).parse(JSON.parse(text)).detail).toBe('The coach does not answer')
        expect(text + harness.log.join('')).not.toContain('k3y')
        expect(harness.log.join('')).toContain('"reason":"Cannot answer: the')
      })
    })

    it.each(['before the first word', 'in the middle'])(
      'gives a model that hangs %s no more than its time',
      async (when) => {
        const reply = (response: ServerResponse) => {
          const timer = setInterval(collectGarbage, 10)
          response.once('close', () => clearInterval(timer))
          if (when === 'in the middle') response.writeHead(200).write(chunk('Ye'))
        }
        await withModel(reply, async (url) => {
          const answerer = createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }, { timeoutMs: 100 })
          const user = await open({ answerer }).createUser()
          const response = await ask(user)
          const text = await response.text()
          expect([response.status, text.includes('the question is not counted')]).toEqual(
            when === 'in the middle' ? [200, true] : [503, false],
          )
          expect(await usageOf(user)).toMatchObject({ used: 0 })
        })
      },
    )

    it('gives back a question whose answer fails, also the last one of the day, and one that fails in the middle', async () => {
      let fails: 'before' | 'in the middle' | 'never' = 'never'
      const reply = (response: ServerResponse) => {
        if (fails === 'before') return response.writeHead(500).end()
        return response.writeHead(200).end(fails === 'never' ? `${chunk('Yes.')}data: [DONE]\n\n` : chunk('Ye'))
      }
      await withModel(reply, async (url) => {
        const harness = open({ answerer: createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }) })
        const user = await harness.createUser()
        for (let count = 1; count < CHAT_LIMITS.free; count += 1) await (await ask(user)).text()
        for (const [how, status] of [
          ['before', 503],
          ['in the middle', 200],
          ['before', 503],
        ] as const) {
          fails = how
          const failed = await ask(user)
          await failed.text()
          expect([how, failed.status, failed.headers.get('x-ratelimit-limit') !== null]).toEqual([how, status, true])
          expect(await usageOf(user)).toMatchObject({ used: 49, remaining: 1 })
        }
        fails = 'never'
        expect([(await ask(user)).status, (await ask(user)).status]).toEqual([200, 429])
      })
    })

    it('is 500, gives the question back and tells nobody why when the answerer itself breaks', async () => {
      const answerer = () => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new TypeError('the sleep of Ana')) }),
      })
      const harness = open({ answerer })
      const user = await harness.createUser()
      const response = await ask(user)
      expect(response.status).toBe(500)
      expect((await response.text()) + harness.log.join('')).not.toContain('Ana')
      expect(harness.log.join('')).toContain('request failed')
      expect(await usageOf(user)).toMatchObject({ used: 0 })
    })

    it('gives back a question when the database fails, and not one more than it took', async () => {
      const { database } = current()
      const failing = Object.create(database.db, {
        transaction: { value: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })) },
      })
      const user = await open({ database: { ...database, db: failing } }).createUser()
      const statuses = []
      for (let count = 0; count < 3; count += 1) statuses.push((await ask(user)).status)
      expect([statuses, await usageOf(user)]).toEqual([[503, 503, 503], expect.objectContaining({ used: 0 })])
    })

    it('counts the question of a client that hangs up, before the first word or after it, and lets the model go', async () => {
      const hasBegun = new Map<string, boolean>()
      const left: string[] = []
      const reply = (response: ServerResponse, { body }: { body: string }) => {
        const when = body.includes('before') ? 'before' : 'after'
        response.once('close', () => left.push(when))
        if (when === 'after') response.writeHead(200).write(chunk('Ye'))
        hasBegun.set(when, true)
      }
      await withModel(reply, async (url) => {
        const harness = open({ answerer: createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }) })
        const server = await listen({ host: '127.0.0.1', port: { value: 0, chosen: true } }, harness.app.fetch)
        const user = await harness.createUser()
        try {
          for (const [when, logged, used] of [
            ['before', '"status":503', 1],
            ['after', 'the coach stopped in the middle', 2],
          ] as const) {
            const client = new AbortController()
            const answer = fetch(`${server.url}/api/v1/chat`, {
              method: 'POST',
              headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
              body: JSON.stringify({ message: when }),
              signal: client.signal,
            })
            if (when === 'after') await (await answer).body?.getReader().read()
            await vi.waitFor(() => expect(hasBegun.get(when)).toBe(true))
            client.abort()
            await answer.catch(() => {})
            await vi.waitFor(() => expect(left.at(-1)).toBe(when))
            await vi.waitFor(() => expect(harness.log.join('')).toContain(logged))
            expect(await usageOf(user)).toMatchObject({ used })
          }
        } finally {
          await server.close()
        }
      })
    })

    it('lets exactly 50 of 60 concurrent questions through', async () => {
      const user = await open().createUser()
      const statuses = await Promise.all(
        Array.from({ length: 60 }, async () => {
          const response = await ask(user)
          await response.text()
          return response.status
        }),
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(50)
      expect(statuses.filter((status) => status === 429)).toHaveLength(10)
    })

    it('ends the stream with an error event when the model stops in the middle', async () => {
      const reply = (response: ServerResponse) => response.writeHead(200).end(chunk('You '))
      await withModel(reply, async (url) => {
        const harness = open({ answerer: createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' }) })
        expect(await eventsOf(await ask(await harness.createUser()))).toEqual([
          ['text', { text: 'You ' }],
          ['error', { code: 'unavailable', detail: 'The coach stopped in the middle; the question is not counted' }],
        ])
      })
    })

    it('is 503 without its store: questions cost money', async () => {
      const store = upstash({ url: `http://127.0.0.1:${await freePort()}`, token: 'loopback' })
      const user = await createHarness({ ...current(), store, cacheStore: disabled() }).createUser()
      expect((await ask(user)).status).toBe(503)
      const usage = await user.get('/chat/usage')
      expect([usage.status, usage.headers.get('retry-after')]).toEqual([503, '5'])
    })
  })
}
