import { memory } from 'millpond/memory'
import { NextRequest } from 'next/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decisionHeader, readForwardedDecision } from './api/forwarded-decision.ts'
import { createLimits, type Limits } from './lib/limits.ts'
import { processSlot } from './lib/process-slot.ts'
import type { Runtime, Started } from './lib/runtime.ts'
import { proxy } from './proxy.ts'

describe('proxy() without server.mjs, which takes away what clients send under our names', () => {
  const slot = processSlot<Started>('started')
  const store = memory()
  let limits: Limits
  beforeAll(() => {
    limits = createLimits({ store, keySecret: 'k'.repeat(32) })
    const runtime: Partial<Runtime> = { limits, hasSocketAddress: false }
    Reflect.set(runtime, 'config', { addressProfile: { proxies: 1 }, isHttps: false })
    slot.write({ status: 'ready', runtime: runtime as Runtime, storeLine: '' })
  })
  afterAll(async () => {
    limits.close()
    await store.close()
  })

  /** Of which policies a decision reaches the route when the client sends one of its own. */
  async function passedOn(method: string, path: string): Promise<readonly string[] | undefined> {
    const forged = '{"status":"degraded","allowed":true,"mode":"open","policies":["admin","general","waitlist"]}'
    const headers = { 'x-forwarded-for': '192.0.2.1', [decisionHeader]: forged }
    const response = await proxy(new NextRequest(`http://x.test${path}`, { method, headers }))
    // As Next is told what the route is to get.
    const sent = response.headers.get(`x-middleware-request-${decisionHeader}`)
    const decision = sent === null ? undefined : readForwardedDecision(new Headers({ [decisionHeader]: sent }))
    return decision?.status === 'degraded' ? decision.policies : decision?.limits.map(({ policy }) => policy)
  }

  it.each([
    ['GET', '/api/waitlist/stats', undefined],
    ['GET', '/api/support/stats', undefined],
    ['POST', '/api/support/admin/contribute', undefined],
    ['POST', '/api/waitlist/admin/remove', undefined],
    ['GET', '/api/waitlist/status', ['global', 'general']],
    ['POST', '/api/waitlist/join', ['global', 'waitlist']],
    ['POST', '/api/nothing', ['global']],
  ])('%s %s gets no decision of the client, and its own of %j', async (method, path, policies) => {
    expect(await passedOn(method, path)).toEqual(policies)
  })
})
