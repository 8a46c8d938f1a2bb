import type { Redis } from 'ioredis'

/** The keys of ours in a database that would stay for ever: there must be none. */
export async function findKeysWithoutTtl(client: Redis): Promise<string[]> {
  const keys = await client.keys('mp:*')
  const ttls = await Promise.all(keys.map((key) => client.pttl(key)))
  return keys.filter((_, index) => ttls[index] === -1)
}
