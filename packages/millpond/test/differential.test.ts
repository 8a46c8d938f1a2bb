import { Redis } from 'ioredis'
import { describeWith, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeyring } from '../src/key.ts'
import { ALGORITHMS, type LimitCheck } from '../src/limit/limit-store.ts'
import { createMemoryLimits } from '../src/limit/memory-limits.ts'
import type { Commands } from '../src/stores/commands.ts'
import { TAKE } from '../src/stores/lua/take-script.ts'
import { createCommands } from '../src/stores/redis/connection.ts'
import { takeAt } from '../src/stores/redis-limits.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'

const SEQUENCES = 10_000
const STEPS = 12
/** Part of every failure message; set it here to see one again. */
const SEED = Math.floor(Math.random() * 2 ** 32)

/**
 * The script as it is, but for the TTL of what it writes: virtual time does not age keys in Redis, and real time must not end a window of the virtual one.
 */
const LONG_LIVED = TAKE.source.replace("'PX', check.ttl)", "'PX', check.ttl + 3600000)")

/**
 * The TypeScript steps (through the memory store) and the Lua script get the same takes at the same virtual moments. Each sequence has keys of its own.
 */
describeWith('redis', 'the limit script', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  test.each(ALGORITHMS)(
    `%s decides as its TypeScript step does, to the millisecond, over ${SEQUENCES} random sequences`,
    async (algorithm) => {
      expect(LONG_LIVED).not.toBe(TAKE.source)
      const { send, atTickEnd } = createCommands(client)
      const commands: Commands = {
        atTickEnd,
        send: ([name, sha, ...rest]) =>
          name === 'EVALSHA' ? send(['EVAL', LONG_LIVED, ...rest]) : send([name, sha ?? '', ...rest]),
      }
      for (let batch = 0; batch < SEQUENCES / 100; batch += 1) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => compare(commands, algorithm, batch * 100 + index)))
      }
    },
    240_000,
  )
})

async function compare(commands: Commands, algorithm: LimitCheck['algorithm'], sequence: number): Promise<void> {
  const randomInt = createRandomInt(SEED + sequence)
  const keyring = createKeyring({ namespace: `diff.${algorithm}`, action: 'Cannot compare' })
  const keys = await Promise.all(['a', 'b'].map(async (name) => keyring.limit(name, await keyring.id(`${sequence}`))))
  // Some sequences cross the point where milliseconds modulo 2^32 wrap around.
  const start = randomInt(2) === 0 ? Date.UTC(2026, 0, 1) : 409 * 2 ** 32 - 400_000
  const clock = createFakeClock(start)
  const memory = createMemoryLimits({ clock })
  const windowMs = 60_000 + randomInt(540_000)
  let waitMs = 0
  for (let step = 0; step < STEPS; step += 1) {
    clock.set(clock.now() + toGap(randomInt, windowMs, waitMs))
    const used = randomInt(3) === 0 ? keys : keys.slice(0, 1)
    const checks = used.map(
      (key): LimitCheck => ({ key, algorithm, limit: 1 + randomInt(7), windowMs, cost: randomInt(4) }),
    )
    const now = clock.now()
    const [ours, theirs] = [await memory.take(checks), await takeAt(commands, checks, now)]
    const at = { SEED, sequence, step, now, checks }
    expect({ ...at, verdicts: theirs }).toEqual({ ...at, verdicts: ours })
    waitMs = ours.find((verdict) => Number.isFinite(verdict.retryAfterMs))?.retryAfterMs ?? 0
  }
}

/** Mostly on by a little, sometimes far, back, or to the very edge that a refusal named and the millisecond before. */
function toGap(randomInt: (end: number) => number, windowMs: number, waitMs: number): number {
  if (waitMs > 0 && randomInt(3) > 0) return waitMs - randomInt(2)
  switch (randomInt(4)) {
    case 0:
      return randomInt(windowMs)
    case 1:
      return -randomInt(2_000)
    default:
      return randomInt(Math.floor(windowMs / 10))
  }
}

/** Whole numbers from 0 to below `end`, the same for the same seed (mulberry32). */
function createRandomInt(seed: number): (end: number) => number {
  let state = seed >>> 0
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }
}
