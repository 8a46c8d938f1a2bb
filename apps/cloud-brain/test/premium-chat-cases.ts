import type { ServerResponse } from 'node:http'
import { memory } from 'millpond/memory'
import { createFakeClock } from 'millpond/testing'
import { describe, expect, it } from 'vitest'
import { createModelAnswerer } from '../src/chat/model-answerer.ts'
import type { Current } from './api-suite.ts'
import { createHarness, GENEROUS, makePremium, NOW } from './harness.ts'
import { chunk, withModel } from './with-model.ts'

export function describePremiumChat(current: Current): void {
  describe('chat of a premium user', () => {
    it('answers 500 questions of a premium user and refuses the 501st until midnight, as its headers say', async () => {
      // Counted at noon, so that the true wait is known.
      const clock = createFakeClock(NOW.getTime())
      let asked = 0
      const reply = (response: ServerResponse) => {
        asked += 1
        response.writeHead(200).end(`${chunk('Yes.')}data: [DONE]\n\n`)
      }
      await withModel(reply, async (url) => {
        const answerer = createModelAnswerer({ url, apiKey: 'k3y', model: 'coach-1' })
        const harness = createHarness({
          ...current(),
          answerer,
          store: memory({ clock }),
          cacheStore: current().store,
          policies: GENEROUS,
          deadline: '10s',
        })
        const ask = () => user.post('/chat', { message: 'How did I sleep?' })
        const usage = async (): Promise<unknown> => (await user.get('/chat/usage')).json()
        const user = await harness.createUser()
        await makePremium(current().database, user)
        const left: number[] = []
        const askOnce = async () => {
          const response = await ask()
          const text = await response.text()
          expect([
            response.status,
            response.headers.get('ratelimit-policy'),
            text.endsWith('event: done\ndata: {}\n\n'),
          ]).toEqual([200, '"chat";q=500;w=86400', true])
          left.push(Number(response.headers.get('x-ratelimit-remaining')))
        }
        for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 25 }, askOnce))
        expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, index) => index))
        expect(asked).toBe(500)

        const refused = await ask()
        expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
        expect(
          ['ratelimit-policy', 'ratelimit', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'retry-after'].map((name) =>
            refused.headers.get(name),
          ),
        ).toEqual(['"chat";q=500;w=86400', '"chat";r=0;t=43200', '500', '0', '43200'])
        expect(await refused.json()).toMatchObject({ 'violated-policies': ['chat'], limit: 500, remaining: 0 })
        expect(asked).toBe(500)
        expect(await usage()).toMatchObject({ tier: 'premium', used: 500, remaining: 0, resets_in_seconds: 43_200 })
        await clock.advance(43_199_500)
        expect(await usage()).toMatchObject({ used: 500, resets_in_seconds: 1 })
        await clock.advance(500)
        expect(await usage()).toMatchObject({ used: 0, remaining: 500 })
      })
    })
  })
}
