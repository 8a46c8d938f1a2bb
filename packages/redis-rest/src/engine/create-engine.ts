import { type Cluster, createCluster } from './cluster.ts'
import { type ConnectionOptions, createConnection } from './connection.ts'
import type { Engine } from './engine.ts'
import type { Target } from './target.ts'

export interface StartedEngine extends Engine {
  /** Resolves when the first attempt to connect succeeded or failed. */
  firstAttempt(): Promise<void>
  /** Where a further connection can be made. */
  target(): Target
}

/** An engine for whatever is found at the target: one Redis, or a cluster that it is a node of. */
export function createEngine(options: ConnectionOptions): StartedEngine {
  const seed = createConnection(options)
  let cluster: Cluster | undefined
  const current = (): Engine => {
    if (seed.isCluster()) cluster ??= createCluster(seed, options)
    return cluster ?? seed
  }
  return {
    send: (commands, replies) => current().send(commands, replies),
    trouble: () => current().trouble(),
    firstAttempt: () => seed.firstAttempt(),
    target: () => cluster?.target() ?? options.target,
    close: async () => {
      await Promise.all([seed.close(), cluster?.close()])
    },
  }
}
