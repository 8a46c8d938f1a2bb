import type { Pool, PoolClient } from 'pg'

const GRACE_MS = 3000

/**
 * A way to close a pool that always ends: connections in use may finish for three seconds, then they are cut off.
 * The pool's own `end` waits for ever for a connection whose user never gives it back.
 */
export function poolCloser(pool: Pool, graceMs = GRACE_MS): () => Promise<void> {
  const open = new Set<PoolClient>()
  pool.on('connect', (client) => open.add(client))
  pool.on('remove', (client) => open.delete(client))
  return async () => {
    let timer: NodeJS.Timeout | undefined
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs)
    })
    await Promise.race([pool.end(), grace])
    clearTimeout(timer)
    // Nobody waits for these: a server that hangs would not answer the goodbye either.
    for (const client of open) void (client as PoolClient & { end(): Promise<void> }).end().catch(() => {})
  }
}
