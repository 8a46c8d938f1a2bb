import { Cluster } from 'ioredis'
import { startRedisCluster } from 'millpond-e2e/servers'
import { createCluster } from 'redis'

/** A cluster of three masters and a client of each library connected to it; `stop` ends them all. */
export async function startClusterClients() {
  const cluster = await startRedisCluster()
  const ioredis = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
  const nodeRedis = createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) })
  await nodeRedis.connect()
  return {
    cluster,
    ioredis,
    nodeRedis,
    async stop() {
      ioredis.disconnect()
      nodeRedis.destroy()
      await cluster.stop()
    },
  }
}
