import type { Redis } from 'ioredis'

/** A kind of request, the same for the REST server and for ioredis. */
export interface Kind {
  readonly name: string
  /** Redis commands in one request. */
  readonly commands: number
  readonly path: string
  readonly body: string
  runOnRedis(redis: Redis): Promise<unknown>
}

const key = 'bench:key'
const script = "return redis.call('GET', KEYS[1])"

function pipeline(commands: number): Kind {
  return {
    name: `pipeline of ${commands}`,
    commands,
    path: '/pipeline',
    body: JSON.stringify(Array.from({ length: commands }, () => ['GET', key])),
    runOnRedis: (redis) => {
      const batch = redis.pipeline()
      for (let index = 0; index < commands; index += 1) batch.get(key)
      return batch.exec()
    },
  }
}

/** One command each. Stores what they read, and loads their script. */
export async function createSingles(redis: Redis): Promise<readonly Kind[]> {
  await redis.set(key, 'v')
  const sha = String(await redis.script('LOAD', script))
  return [
    { name: 'GET', commands: 1, path: '/', body: JSON.stringify(['GET', key]), runOnRedis: (on) => on.get(key) },
    {
      name: 'EVALSHA',
      commands: 1,
      path: '/',
      body: JSON.stringify(['EVALSHA', sha, 1, key]),
      runOnRedis: (on) => on.evalsha(sha, 1, key),
    },
  ]
}

/** 1, 10 and 100 commands in a request. Stores what they read. */
export async function createPipelines(redis: Redis): Promise<readonly Kind[]> {
  await redis.set(key, 'v')
  return [1, 10, 100].map(pipeline)
}
