import { describe, expect, it } from 'vitest'
import { createHealth } from './health.ts'

const parts = {
  pingDatabase: async () => 1,
  pingStore: async () => undefined,
  testCache: async () => ({ ok: true }),
  testLimiter: async () => ({ ok: true }),
  now: () => 0,
}

async function read(health: ReturnType<typeof createHealth>) {
  return [await health.isDatabaseUp(), await health.isStoreUp(), await health.selfTests()]
}

describe('createHealth()', () => {
  it('says of each part whether it works', async () => {
    expect(await read(createHealth(parts))).toEqual([true, true, { cache: true, limiter: true }])
    const fail = () => Promise.reject(new Error('away'))
    const broken = { ...parts, pingDatabase: fail, pingStore: fail, testCache: fail }
    expect(await read(createHealth(broken))).toEqual([false, false, { cache: false, limiter: true }])
    const inert = { ...parts, testLimiter: async () => ({ ok: false }) }
    expect(await createHealth(inert).selfTests()).toEqual({ cache: true, limiter: false })
  })
})
