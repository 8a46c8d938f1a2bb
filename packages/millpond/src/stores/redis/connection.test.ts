import { createClient } from 'redis'
import { expect, test } from 'vitest'
import type { StoreKey } from '../../key.ts'
import { redis } from './index.ts'

const keys = ['epoch', 't1', 't2'] as StoreKey[]

/** A client that notes what it was sent and answers when told. */
function setUp(client: object) {
  const sent: string[] = []
  const answers: (() => void)[] = []
  const sendCommand = ([, key = '']: string[]) => {
    sent.push(key)
    return new Promise((resolve) => void answers.push(() => resolve('OK')))
  }
  return { sent, answers, store: redis({ ...client, sendCommand }) }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('commands leave at once over ioredis, and at the end of the tick over node-redis', () => {
  expect(redis({ options: {}, call: async () => 'OK' }).sendsAtOnce).toBe(true)
  expect(setUp({}).store.sendsAtOnce).toBe(false)
})

test('renew() over one connection sends all at once, the first tag first', async () => {
  const { sent, answers, store } = setUp({})
  const renewed = store.renew(keys, 'nonce', 1_000)
  await settled()
  expect(sent).toEqual(['epoch', 't1', 't2'])
  for (const answer of answers) answer()
  await renewed
})

test('renew() over a pool, whose connections overtake each other, has the first tag answered before it sends the others', async () => {
  const { sent, answers, store } = setUp({ totalClients: 4 })
  const renewed = store.renew(keys, 'nonce', 1_000)
  await settled()
  expect(sent).toEqual(['epoch'])
  answers[0]?.()
  await settled()
  expect(sent).toEqual(['epoch', 't1', 't2'])
  for (const answer of answers) answer()
  await renewed
})

test('an error of the connection is told by its code, its name, or the name of its class', async () => {
  class ClientClosedError extends Error {}
  const codeOf = (error: unknown) => redis({ sendCommand: () => Promise.reject(error) }).ping()
  const named = Object.assign(new Error('…'), { name: 'MaxRetriesPerRequestError' })
  for (const [error, code] of [
    [Object.assign(new Error('…'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [named, 'MaxRetriesPerRequestError'],
    [new ClientClosedError('The client is closed'), 'ClientClosedError'],
    [new Error('…'), 'Error'],
    ['text', 'unknown'],
  ] as const) {
    await expect(codeOf(error)).rejects.toThrow(`Cannot ping: the connection failed (${code})`)
  }
})

test.each([
  [null, 'null'],
  ['redis://127.0.0.1', 'string'],
  [{}, 'object'],
  [createClient().legacy(), 'legacy()'],
])('redis() refuses what is no client it can use', (client, received) => {
  expect(() => redis(client as never)).toThrow(
    new TypeError(
      `Cannot create a Redis store: "client" must be a client of ioredis or node-redis, received ${received}`,
    ),
  )
})
