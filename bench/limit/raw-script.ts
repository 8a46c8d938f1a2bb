import { Redis as UpstashRedis } from '@upstash/redis'
import type { Redis } from 'ioredis'
import type { Contender } from '../harness/index.ts'

/** The ceiling: a script that does nothing with its one key, asked once for each decision. */
const NOTHING = 'return {1, 2, 3}'

export async function rawOverTcp(client: Redis, toKey: (index: number) => string): Promise<Contender> {
  const sha = String(await client.script('LOAD', NOTHING))
  return { name: 'raw EVALSHA', run: (index) => client.evalsha(sha, 1, toKey(index)) }
}

/** Over REST by Upstash's own client, which sends what one tick asks as one pipeline. */
export async function rawOverRest(
  rest: { readonly url: string; readonly token: string },
  toKey: (index: number) => string,
): Promise<Contender> {
  const client = new UpstashRedis({ ...rest, enableTelemetry: false })
  const sha = await client.scriptLoad(NOTHING)
  return { name: 'raw EVALSHA', run: (index) => client.evalsha(sha, [toKey(index)], []) }
}
