import { Redis } from 'ioredis'
import { describeWith, type StartedRedisCluster, startRedisCluster } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { request } from './request.ts'

const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)

describeWith('redis', 'a cluster with users and tokens', () => {
  let cluster: StartedRedisCluster
  let nodes: Redis[]
  beforeAll(async () => {
    cluster = await startRedisCluster()
    nodes = cluster.nodes.map(({ url }) => new Redis(url))
  })
  afterAll(async () => {
    for (const node of nodes) node.disconnect()
    await cluster?.stop()
  })

  const open = async (user: string, ...rules: string[]): Promise<RestServer> => {
    for (const node of nodes) await node.call('ACL', 'SETUSER', user, 'reset', 'on', '>pw', '~*', ...rules)
    const redis = `redis://${user}:pw@127.0.0.1:${cluster.nodes[0]?.port}`
    const server = await createServer({ redis, token: ['full', { token: 'confined', prefix: 'a:' }] })
    onTestFinished(() => server.close())
    return server
  }

  /** Moves the slot of a key half way from its node to the next, and gives what ends that. */
  const beginToMove = async (key: string): Promise<() => Promise<void>> => {
    const slot = Number(await nodes[0]?.cluster('KEYSLOT', key))
    const ids = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'MYID')))
    const served = await Promise.all(
      nodes.map((node) =>
        node.get(key).then(
          () => true,
          () => false,
        ),
      ),
    )
    const from = served.indexOf(true)
    const to = (from + 1) % nodes.length
    await nodes[to]?.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ids[from]))
    await nodes[from]?.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(ids[to]))
    return async () => {
      for (const node of nodes) await node.call('CLUSTER', 'SETSLOT', slot, 'STABLE')
    }
  }

  const run = async (server: RestServer, token: string, ...words: (string | number)[]): Promise<string> =>
    (await request(server, '/', { token, body: JSON.stringify(words) })).text

  it('the scripts of a token with a prefix run on the node of their keys', async () => {
    const server = await open('everything', '&*', '+@all')
    const script = "return redis.call('SET', KEYS[1], ARGV[1])"
    for (const key of keys) expect(await run(server, 'confined', 'EVAL', script, 1, key, 'v')).toBe('{"result":"OK"}')
    for (const key of keys) expect(await run(server, 'full', 'GET', `a:${key}`)).toBe('{"result":"v"}')
    expect(await run(server, 'confined', 'EVAL', "return redis.call('GET', 'k')", 0)).toContain(
      "can't access at least one of the keys",
    )
    const settle = await beginToMove('a:moving')
    expect(await run(server, 'confined', 'EVAL', script, 1, 'moving', 'v')).toBe('{"result":"OK"}')
    await settle()
  })

  const cluster3 = ['+@all', '-info', '-cluster', '+cluster|slots']

  it('a user that may not run INFO is told where the keys are all the same, and a slot that moves is followed', async () => {
    const server = await open('without-info', ...cluster3)
    for (const key of keys) expect(await run(server, 'full', 'SET', key, 'v')).toBe('{"result":"OK"}')
    const settle = await beginToMove('{m}')
    expect(await run(server, 'full', 'SET', '{m}', 'v')).toBe('{"result":"OK"}')
    await settle()
  })

  const missing: [without: string, message: string][] = [
    ['cluster|slots', "NOPERM this user has no permissions to run the 'cluster|slots' command"],
    ['command', "NOPERM this user has no permissions to run the 'command' command"],
  ]
  it.each(missing)('a user that may not run %s is told so', async (name, message) => {
    const server = await open('without-one', '+@all', `-${name}`)
    const answer = await request(server, '/', { body: '["GET","k"]' })
    const what = name.toUpperCase().replace('|', ' ')
    expect([answer.status, answer.text]).toEqual([
      503,
      `{"error":"ERR Redis is a cluster and refused ${what} (${message}): the command did not run"}`,
    ])
  })

  it('a user that may not run ASKING is told so while a slot moves', async () => {
    const server = await open('without-asking', '+@all', '-asking')
    const settle = await beginToMove('{n}')
    expect(await run(server, 'full', 'SET', '{n}', 'v')).toContain(
      "NOPERM this user has no permissions to run the 'asking' command",
    )
    await settle()
  })
})
