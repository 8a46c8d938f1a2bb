import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { type StartedRedis, startRedis } from './redis.ts'

const run = promisify(execFile)
const MASTERS = 3

export interface StartedRedisCluster {
  readonly nodes: readonly StartedRedis[]
  /** Ends all nodes at once. */
  stop(): Promise<void>
}

/** A fresh Redis Cluster of three masters without replicas on 127.0.0.1, all slots served. Needs Redis 7 or later and redis-cli. */
export async function startRedisCluster(): Promise<StartedRedisCluster> {
  const nodes = await Promise.all(Array.from({ length: MASTERS }, startNode))
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
    await Promise.all(nodes.map(servesAllSlots))
    return { nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNode(): Promise<StartedRedis> {
  const busPort = await freePort()
  return startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-config-file', 'nodes.conf'],
  })
}

/** The nodes agree a moment after the cluster was made. */
async function servesAllSlots({ url }: StartedRedis): Promise<void> {
  const client = new Redis(url)
  try {
    for (;;) {
      const info = await client.cluster('INFO')
      if (/cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    client.disconnect()
  }
}
