import type { Target } from './target.ts'

/** One way to hurt the system, and how it heals. */
export interface Fault {
  readonly name: string
  /** Whether the store may lose what it held: limits count anew, entries are gone. */
  readonly losesData?: boolean
  begin(target: Target): Promise<void>
  end(target: Target): Promise<void>
}

const nothing = async () => {}

/** Every fault, in the order in which the short run goes through them. */
export const faults: readonly Fault[] = [
  {
    name: 'Redis hangs (SIGSTOP)',
    begin: async ({ redis }) => redis().kill('SIGSTOP'),
    end: async ({ redis }) => redis().kill('SIGCONT'),
  },
  {
    name: 'Redis is killed and comes back empty',
    losesData: true,
    begin: ({ killRedis }) => killRedis(),
    end: nothing,
  },
  {
    name: 'FLUSHALL',
    losesData: true,
    begin: ({ withRedis }) => withRedis(async (client) => void (await client.flushall())),
    end: nothing,
  },
  {
    name: 'Redis is full (OOM for every write)',
    begin: ({ withRedis }) => withRedis(async (client) => void (await client.config('SET', 'maxmemory', '1'))),
    end: ({ withRedis }) => withRedis(async (client) => void (await client.config('SET', 'maxmemory', '0'))),
  },
  {
    name: 'Redis evicts (allkeys-random)',
    losesData: true,
    begin: ({ withRedis }) =>
      withRedis(async (client) => {
        await client.config('SET', 'maxmemory-policy', 'allkeys-random')
        const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
        await client.config('SET', 'maxmemory', String(used - 20_000))
      }),
    end: ({ withRedis }) =>
      withRedis(async (client) => {
        await client.config('SET', 'maxmemory', '0')
        await client.config('SET', 'maxmemory-policy', 'noeviction')
      }),
  },
  network('the network is slow (60 to 140 ms)', { kind: 'delay', ms: 30, jitterMs: 40 }),
  network('the network is a black hole', { kind: 'black-hole' }),
  network('connections to Redis are reset', { kind: 'reset' }),
  network('answers of Redis end in the middle', { kind: 'truncate', afterBytes: 3 }),
  network('connections to Redis are refused', { kind: 'refuse' }),
  {
    name: 'fail-over to the replica',
    begin: ({ failOver }) => failOver(),
    end: nothing,
  },
  {
    name: 'the REST server is killed',
    begin: ({ rest }) => rest.killAndRestart(),
    end: nothing,
  },
  {
    name: 'one of two API processes is killed',
    begin: ({ apiB }) => apiB.killAndRestart(),
    end: nothing,
  },
  {
    name: 'PostgreSQL crashes',
    begin: ({ postgres }) => postgres.crash(),
    end: ({ postgres }) => postgres.restart(),
  },
]

function network(name: string, fault: Parameters<Target['proxy']['setFault']>[0]): Fault {
  return {
    name,
    begin: async ({ proxy }) => proxy.setFault(fault),
    end: async ({ proxy }) => proxy.setFault({ kind: 'none' }),
  }
}
