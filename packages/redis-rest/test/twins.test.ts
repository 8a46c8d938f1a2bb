import { Agent } from 'node:http'
import fc from 'fast-check'
import { describeEngines, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { openDirect } from './twin/direct.ts'
import { readState } from './twin/read-state.ts'
import { isText, sendStep } from './twin/send-step.ts'
import { reachingCommands, steps } from './twin/steps.ts'
import { startTwins } from './twin/twins.ts'

/** How long to search, in milliseconds; by default a few sequences, the same in every run. */
const searchMs = Number(process.env.MILLPOND_TWIN_MS ?? 0)
/** From the report of a failure, to see it again. */
const seed = process.env.MILLPOND_TWIN_SEED ?? (searchMs === 0 ? '1' : undefined)
const bounds = {
  ...(searchMs === 0 ? { numRuns: 40 } : { numRuns: 1_000_000_000, interruptAfterTimeLimit: searchMs }),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
}
/** Of every kind, with names that the token's own keys have too. */
const beyond = [
  ...['str1', 'str2', 'canary', 'bits1'].map((key) => `SET ${key} canary`),
  ...['HSET hash1 a canary', 'RPUSH list1 canary', 'SADD set1 canary', 'ZADD zset1 1 canary', 'GEOADD geo1 1 1 canary'],
  ...['XADD stream1 1-1 f canary', 'XGROUP CREATE stream1 g 0', 'PFADD hll1 canary', 'SET a canary', 'RPUSH b canary'],
]
const timeout = searchMs + 120_000

describeEngines('twins: one over RESP, one behind the REST server', (engine) => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis({ engine })
    server = await createServer({ redis: `${redis.url}/1`, token: ['full', { token: 'confined', prefix: 'a*[b]:' }] })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  const confined = { token: 'confined', prefix: 'a*[b]:', globPrefix: 'a\\*\\[b\\]:' }
  const kinds = [
    ['a full token', { token: 'full', prefix: '', globPrefix: '' }],
    ['a token with a prefix', confined],
  ] as const
  it.each(kinds)('every answer to %s and every key at the end is the same', { timeout }, async (_, token) => {
    const twins = await startTwins({ redis, server, ...token })
    const property = fc.asyncProperty(
      fc.array(steps(token.prefix !== ''), { minLength: 1, maxLength: 40, size: 'max' }),
      async (sequence) => {
        await twins.clear()
        for (const step of sequence) await twins.play(step)
        await twins.compare()
      },
    )
    try {
      await fc.assert(property, bounds)
    } finally {
      twins.close()
    }
    // It means something only if there was something to compare.
    expect(twins.counts.answers).toBeGreaterThan(500)
    expect(twins.counts.results).toBeGreaterThan(twins.counts.answers / 3)
  })

  it('no command of a token leaves its prefix, nor shows what is beyond it', { timeout }, async () => {
    const [outside, behind] = [await openDirect(redis.port, 0), await openDirect(redis.port, 1)]
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const words = (text: string): Buffer[] => text.split(' ').map((word) => Buffer.from(word))
    let results = 0
    const property = fc.asyncProperty(
      fc.array(reachingCommands(), { minLength: 1, maxLength: 40, size: 'max' }),
      async (sequence) => {
        await behind.send([words('FLUSHALL'), ...beyond.map(words)])
        await outside.send(beyond.map(words))
        const before = [await readState(behind), await readState(outside)]
        for (const command of sequence) {
          const form = isText(command) ? 'body' : 'path'
          const step = { commands: [command], form, format: 'text', method: 'GET', isBare: false, bodyAt: 0 } as const
          const { status, body } = await sendStep(server, 'confined', agent, step)
          if (status === 200) results += 1
          expect([200, 400]).toContain(status)
          expect(body.toString()).not.toContain('canary')
        }
        const inside = await readState(behind)
        for (const key of inside.keys()) if (key.startsWith(confined.prefix)) inside.delete(key)
        expect([inside, await readState(outside)]).toEqual(before)
      },
    )
    try {
      await fc.assert(property, bounds)
    } finally {
      agent.destroy()
      outside.close()
      behind.close()
    }
    expect(results).toBeGreaterThan(100)
  })
})
