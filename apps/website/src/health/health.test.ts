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

  it('asks a part that hangs no second time', async () => {
    let asked = 0
    let answer = (): void => undefined
    const clock = { ms: 0 }
    const pingDatabase = () => {
      asked += 1
      return new Promise<void>((resolve) => {
        answer = resolve
      })
    }
    const health = createHealth({ ...parts, pingDatabase, now: () => clock.ms })
    const first = health.isDatabaseUp()
    clock.ms = 10_000
    const second = health.isDatabaseUp()
    answer()
    expect([await first, await second, asked]).toEqual([true, true, 1])
  })
})
