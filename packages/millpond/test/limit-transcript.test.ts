import { Cluster, Redis } from 'ioredis'
import { describeWith, startRedis, startRedisCluster } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVERY_ALGORITHM } from '../src/limit/every-algorithm.ts'
import { createMemoryLimits } from '../src/limit/memory-limits.ts'
import type { Commands } from '../src/stores/commands.ts'
import { withClusterLimits } from '../src/stores/redis/cluster-limits.ts'
import { createCommands } from '../src/stores/redis/connection.ts'
import { createRedisLimits } from '../src/stores/redis-limits.ts'
import { createRestCommands } from '../src/stores/upstash/rest-commands.ts'
import type { Clock } from '../src/time/clock.ts'
import { createCommandsAt } from './transcript/commands-at.ts'
import { type Entry, record, replay } from './transcript/transcript.ts'

const TRANSCRIPTS = 45
const AT_ONCE = 20
const STEPS = 250
/** Part of every failure message; set it here to see one again. */
const SEED = Math.floor(Math.random() * 2 ** 31)

/** The script as it is, but for the TTL of what it writes: virtual time does not age keys in Redis, and real time must not end a window of the virtual one. */
function toLongLived(source: string): string {
  const short = "'PX', ms)"
  expect(source).toContain(short)
  return source.replace(short, "'PX', ms + 3600000)")
}

/**
 * Each transcript is of one of these. On a cluster a take of several identities that is refused has been counted for a moment and given back, which is as if it had never been while the clock does
 * not run back: what it dropped as past stays dropped, and a bucket stays at its moment.
 */
const KINDS: readonly { alone?: boolean; forward?: boolean; onOneServer?: boolean }[] = [
  { forward: true },
  { alone: true },
  { onOneServer: true },
]

interface Transcript {
  readonly seed: number
  readonly onOneServer: boolean
  readonly entries: Entry[]
}

async function recordAll(): Promise<Transcript[]> {
  const transcripts: Transcript[] = []
  for (let index = 0; index < TRANSCRIPTS; index += 1) {
    const seed = SEED + index
    const { onOneServer = false, ...kind } = KINDS[index % KINDS.length] ?? {}
    const store = (clock: Clock) => createMemoryLimits({ clock, algorithms: EVERY_ALGORITHM })
    transcripts.push({ seed, onOneServer, entries: await record({ seed, steps: STEPS, ...kind, store }) })
  }
  return transcripts
}

describe('a transcript of takes, refunds, settlements, peeks and resets of every algorithm', () => {
  let transcripts: Transcript[]
  beforeAll(async () => {
    transcripts = await recordAll()
  })

  test('comes to allowances and refusals of every policy, and to no outage', () => {
    const said = transcripts.flatMap(({ entries }) => entries).map((entry) => entry.said)
    expect(said.filter((text) => text.includes('degraded'))).toEqual([])
    const refusing = said.flatMap((text) => /"refusedBy":"(\w+)"/.exec(text)?.[1] ?? [])
    expect([...new Set(refusing)].sort()).toEqual(['block', 'bucket', 'burst', 'day', 'jobs', 'minute', 'wide'])
    expect(refusing.length / said.length).toBeGreaterThan(0.05)
    expect(said.filter((text) => text.includes('"status":"allowed"')).length / said.length).toBeGreaterThan(0.2)
  })

  function proveSame(connect: () => Promise<{ commands: Commands; close: () => unknown }>): void {
    let commands: Commands
    let close: () => unknown
    beforeAll(async () => {
      ;({ commands, close } = await connect())
    })
    afterAll(() => close?.())

    test('replayed, decides every step as memory does, to the millisecond of a virtual clock', async () => {
      const play = async ({ seed, entries }: Transcript) => {
        const replayed = await replay(entries, {
          seed,
          store: (clock) => {
            const limits = createRedisLimits(createCommandsAt(commands, { now: clock.now, change: toLongLived }))
            return commands.slotOf ? withClusterLimits(limits) : limits
          },
        })
        const nth = entries.findIndex(({ said }, index) => said !== replayed[index]?.said)
        if (nth >= 0) expect({ seed, nth, ...replayed[nth] }).toEqual({ seed, nth, ...entries[nth] })
      }
      const played = transcripts.filter(({ onOneServer }) => !(onOneServer && commands.slotOf))
      for (let start = 0; start < played.length; start += AT_ONCE) {
        await Promise.all(played.slice(start, start + AT_ONCE).map(play))
      }
    }, 120_000)
  }

  describeWith('redis', 'on Redis over ioredis', () => {
    proveSame(async () => {
      const server = await startRedis()
      const client = new Redis(server.url)
      return {
        commands: createCommands(client),
        async close() {
          client.disconnect()
          await server.stop()
        },
      }
    })
  })

  describeWith('redis', 'on Redis over node-redis', () => {
    proveSame(async () => {
      const server = await startRedis()
      const client = createClient({ url: server.url })
      await client.connect()
      return {
        commands: createCommands(client),
        async close() {
          client.destroy()
          await server.stop()
        },
      }
    })
  })

  describeWith('redis', 'on a cluster of three masters', () => {
    proveSame(async () => {
      const servers = await startRedisCluster()
      const client = new Cluster(servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
      return {
        commands: createCommands(client),
        async close() {
          client.disconnect()
          await servers.stop()
        },
      }
    })
  })

  describeWith('redis', 'over REST', () => {
    proveSame(async () => {
      const server = await startRedis()
      const rest = await createServer({ redis: server.url })
      return {
        commands: createRestCommands({ url: new URL(rest.url), token: rest.token, timeoutMs: 10_000, fetch }),
        async close() {
          await rest.close()
          await server.stop()
        },
      }
    })
  })
})
