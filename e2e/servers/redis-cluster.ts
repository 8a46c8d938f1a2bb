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

/**
 * A fresh Redis Cluster of three masters on 127.0.0.1, all slots served; the first three of its nodes. With `replicas` each has so many, one of which takes its place within a second or two when it
 * is gone. `argsOf` is asked for each node, at each attempt to start it, what to append to its command line. Needs Redis 7 or later and redis-cli.
 */
export async function startRedisCluster({
  replicas = 0,
  argsOf = async () => [],
}: {
  readonly replicas?: number
  readonly argsOf?: (index: number) => Promise<readonly string[]>
} = {}): Promise<StartedRedisCluster> {
  // Without a replica nothing takes over, and a busy machine is no outage.
  const args = replicas === 0 ? [] : ['--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0']
  const nodes = await Promise.all(
    Array.from({ length: MASTERS * (1 + replicas) }, (_, index) =>
      startNode(async () => [...args, ...(await argsOf(index))]),
    ),
  )
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run('redis-cli', [
      '--cluster',
      'create',
      ...addresses,
      '--cluster-replicas',
      String(replicas),
      '--cluster-yes',
    ])
    await Promise.all(nodes.map(servesAllSlots))
    return { nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNode(more: () => Promise<readonly string[]>): Promise<StartedRedis> {
  return startRedis({
    async args() {
      const files = ['--cluster-port', String(await freePort()), '--cluster-config-file', 'nodes.conf']
      // A master that is away takes its own slots with it, not all.
      return ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no', ...files, ...(await more())]
    },
  })
}

/** The nodes agree a moment after the cluster was made. */
async function servesAllSlots({ url }: StartedRedis): Promise<void> {
  const client = new Redis(url)
  try {
    for (;;) {
      const info = await client.cluster('INFO')
      const isServing = /cluster_state:ok/.test(info) && /cluster_slots_ok:16384/.test(info)
      const hasData = !/master_link_status:down/.test(await client.info('replication'))
      if (isServing && hasData) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    client.disconnect()
  }
}
