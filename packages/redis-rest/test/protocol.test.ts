import { describeEngines, isAtLeast, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { encoded } from './cases/base64.ts'
import { batches } from './cases/batches.ts'
import type { Case } from './cases/case.ts'
import { dialect } from './cases/dialect.ts'
import { failures } from './cases/failures.ts'
import { paths } from './cases/paths.ts'
import { singles } from './cases/replies.ts'
import { resp2 } from './cases/resp2.ts'
import { scripts } from './cases/scripts.ts'
import { command, request } from './request.ts'

const base64 = { 'upstash-encoding': 'base64' }

describeEngines(
  'the protocol',
  (engine) => {
    let redis: StartedRedis
    let server: RestServer

    beforeAll(async () => {
      redis = await startRedis({ engine })
      server = await createServer({ redis: redis.url, token: ['secret', 'second'] })
    })
    afterAll(async () => {
      await server?.close()
      await redis?.stop()
    })
    beforeEach(async () => {
      await command(server, 'FLUSHALL')
      await command(server, 'SCRIPT', 'FLUSH')
    })

    const check = async (item: Case): Promise<void> => {
      for (const words of item.given ?? [])
        expect((await request(server, '/', { body: JSON.stringify(words) })).status).toBe(200)
      const body = item.body ?? (item.json === undefined ? undefined : JSON.stringify(item.json))
      const answer = await request(server, item.path ?? '/', { ...item, ...(body === undefined ? {} : { body }) })
      const type = /^[-+:$*]/.test(item.answer) ? 'application/octet-stream' : 'application/json'
      const { status, text, headers } = answer
      expect({ status, text, type: headers.get('content-type') }).toEqual({
        status: item.status ?? 200,
        text: item.answer,
        type,
      })
    }

    const known = (cases: readonly Case[]): readonly Case[] =>
      cases.filter(({ since }) => since === undefined || isAtLeast(engine, since))

    it.each(known(singles))('POST / answers $name', check)
    it.each(known(encoded).map((item) => ({ ...item, headers: base64 })))('base64: $name', check)
    it.each(known(failures))('the answer to $name is an error', check)
    it.each(known(paths))('a path command: $name', check)
    it.each(known(batches))('a batch: $name', check)
    it.each(known(resp2).map((item) => ({ ...item, headers: { 'upstash-response-format': 'resp2' } })))(
      'resp2: $name',
      check,
    )
    it.each(known(dialect))('the dialect of Upstash: $name', check)
    it.each(known(scripts))('a script: $name', check)
  },
  [6, 0],
)
