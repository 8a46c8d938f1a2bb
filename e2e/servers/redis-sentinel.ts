import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { startOwnedProcess } from './owned-process.ts'
import { redisServer, type StartedRedis, startRedis } from './redis.ts'

/** The name under which the sentinel knows the master. */
export const SENTINEL_MASTER = 'main'
const MASTER_IS_DOWN_MS = 300

export interface StartedRedisSentinel {
  /** The port of the sentinel. */
  readonly port: number
  readonly master: StartedRedis
  /** Ends all three at once. */
  stop(): Promise<void>
}

/** A fresh master, its replica and a sentinel on 127.0.0.1 that makes the replica the master when the master is gone. */
export async function startRedisSentinel(): Promise<StartedRedisSentinel> {
  const started: { stop(): Promise<void> }[] = []
  const stop = async () => void (await Promise.all(started.map((server) => server.stop())))
  try {
    const master = await startRedis()
    started.push(master)
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] })
    started.push(replica)
    await until(replica.url, async (client) => /master_link_status:up/.test(await client.info('replication')))
    const port = await freePort()
    started.push(await startSentinel(port, master.port))
    await until(`redis://127.0.0.1:${port}`, async (client) => {
      const replicas = await client.call('SENTINEL', 'REPLICAS', SENTINEL_MASTER)
      return Array.isArray(replicas) && replicas.length === 1
    })
    return { port, master, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startSentinel(port: number, masterPort: number) {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${SENTINEL_MASTER} ${MASTER_IS_DOWN_MS}`,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  return startOwnedProcess({
    program: redisServer?.path ?? 'redis-server',
    args: [file, '--sentinel'],
    folder,
    readyLine: '+monitor master',
    stopSignal: 'SIGKILL',
  })
}

async function until(url: string, holds: (client: Redis) => Promise<boolean>): Promise<void> {
  const client = new Redis(url)
  try {
    while (!(await holds(client))) await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    client.disconnect()
  }
}
