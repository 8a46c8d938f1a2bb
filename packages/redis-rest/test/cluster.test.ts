import { execFileSync } from 'node:child_process'
import { describeWith, freePort, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const soon = { timeout: 20_000, interval: 50 }

function cli(port: number, ...words: string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' })
}

describeWith('redis', 'a cluster', () => {
  const nodes: StartedRedis[] = []
  let server: RestServer

  beforeAll(async () => {
    for (let index = 0; index < 3; index += 1) {
      const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
      nodes.push(await startRedis({ args: async () => [...args, '--cluster-port', String(await freePort())] }))
    }
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
    for (const { port } of nodes)
      await vi.waitFor(() => expect(cli(port, 'CLUSTER', 'INFO')).toContain('state:ok'), soon)
    server = await createServer({ redis: nodes[0]?.url ?? '' })
  })
  afterAll(async () => {
    await server?.close()
    for (const node of nodes) await node.stop()
  })
  beforeEach(async () => {
    expect(await command(server, 'FLUSHALL')).toBe('{"result":"OK"}')
  })

  it('close() leaves no connection to any node', async () => {
    const connections = () =>
      nodes.map(({ port }) => cli(port, 'CLIENT', 'LIST').split('name=millpond-rest').length - 1)
    const before = connections()
    const other = await createServer({ redis: nodes[0]?.url ?? '' })
    await command(other, 'DBSIZE')
    expect(connections().every((count, index) => count > (before[index] ?? 0))).toBe(true)
    await other.close()
    await vi.waitFor(() => expect(connections()).toEqual(before), soon)
  })

  it('the replies of all nodes are held to maxReplyBytes together, once for each request', async () => {
    const bounded = await createServer({ redis: nodes[0]?.url ?? '', maxReplyBytes: 2_500 })
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    for (const key of keys) await command(server, 'SET', key, 'v'.repeat(1_000))
    for (let round = 0; round < 3; round += 1) {
      const { text } = await request(bounded, '/pipeline', { body: JSON.stringify(keys.map((key) => ['GET', key])) })
      const slots = JSON.parse(text) as { result?: string; error?: string }[]
      expect(slots.filter(({ result }) => result?.length === 1_000).length).toBe(2)
      expect(slots.filter(({ error }) => error?.includes('at most 2500 bytes of replies')).length).toBe(18)
    }
    await bounded.close()
  })

  it('every command goes to the node of its keys, also in one pipeline', async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
    const set = await request(server, '/pipeline', { body: JSON.stringify(keys.map((key) => ['SET', key, key])) })
    expect(set.text).toBe(`[${keys.map(() => '{"result":"OK"}').join(',')}]`)
    for (const key of keys) expect(await command(server, 'GET', key)).toBe(`{"result":"${key}"}`)
    expect(await command(server, 'DBSIZE')).toBe('{"result":50}')
    const perNode = nodes.map(({ port }) => Number(cli(port, 'DBSIZE')))
    expect(perNode.filter((count) => count === 0)).toEqual([])
  })

  it('a command for all nodes keeps its place in a pipeline', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    const sets = keys.map((key) => ['SET', key, 1])
    const body = JSON.stringify([...sets, ['DBSIZE'], ['FLUSHALL'], ['SET', 'g', 2], ['DBSIZE'], ['GET', 'a']])
    const results = JSON.parse((await request(server, '/pipeline', { body })).text) as { result: unknown }[]
    expect(results.slice(keys.length).map(({ result }) => result)).toEqual([6, 'OK', 'OK', 1, null])
  })

  it('KEYS and SCAN see all nodes, with types too', async () => {
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)
    await request(server, '/pipeline', { body: JSON.stringify(keys.map((key) => ['SET', key, 1])) })
    expect(JSON.parse(await command(server, 'KEYS', '*')).result.sort()).toEqual([...keys].sort())
    const found: string[] = []
    let cursor = '0'
    do {
      const { result } = JSON.parse(await command(server, 'SCAN', cursor, 'WITHTYPE', 'COUNT', 20))
      cursor = result[0]
      for (const [index, key] of result[1].entries()) if (index % 2 === 0) found.push(key)
    } while (cursor !== '0')
    expect([...new Set(found)].sort()).toEqual([...keys].sort())
  })

  it('keys of two slots are refused, with a hash tag they work', async () => {
    const { status, text } = await request(server, '/mget/a/b')
    expect([status, text]).toEqual([400, `{"error":"CROSSSLOT Keys in request don't hash to the same slot"}`])
    expect(await command(server, 'MSET', '{t}a', 1, '{t}b', 2)).toBe('{"result":"OK"}')
    const body = '[["INCR","{t}a"],["INCR","{t}b"]]'
    expect((await request(server, '/multi-exec', { body })).text).toBe('[{"result":2},{"result":3}]')
    const crossed = await request(server, '/multi-exec', { body: '[["INCR","a"],["INCR","b"]]' })
    expect([crossed.status, crossed.text]).toEqual([400, text])
  })

  it('a script that is loaded runs on every node', async () => {
    const { result: sha } = JSON.parse(await command(server, 'SCRIPT', 'LOAD', 'return KEYS[1]'))
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(await command(server, 'EVALSHA', sha, 1, key)).toBe(`{"result":"${key}"}`)
    }
  })

  it('a slot that moves is followed, for single commands and transactions', async () => {
    await command(server, 'SET', '{m}k', 'v')
    const slot = cli(nodes[0]?.port ?? 0, 'CLUSTER', 'KEYSLOT', '{m}k').trim()
    const ids = nodes.map(({ port }) => cli(port, 'CLUSTER', 'MYID').trim())
    const from = nodes.findIndex(({ port }) => cli(port, 'CLUSTER', 'COUNTKEYSINSLOT', slot).trim() === '1')
    const to = (from + 1) % nodes.length
    const [source, target] = [nodes[from]?.port ?? 0, nodes[to]?.port ?? 0]
    cli(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[from] ?? '')
    cli(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[to] ?? '')
    expect(await command(server, 'SET', '{m}new', 'asked')).toBe('{"result":"OK"}')
    expect(await command(server, 'GET', '{m}new')).toBe('{"result":"asked"}')
    expect(await command(server, 'GET', '{m}k')).toBe('{"result":"v"}')
    cli(source, 'MIGRATE', '127.0.0.1', String(target), '{m}k', '0', '5000')
    for (const port of [target, source]) cli(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids[to] ?? '')
    const body = '[["APPEND","{m}k","w"],["GET","{m}k"]]'
    expect((await request(server, '/multi-exec', { body })).text).toBe('[{"result":2},{"result":"vw"}]')
    expect(await command(server, 'GET', '{m}k')).toBe('{"result":"vw"}')
  })

  it('a stream works, and what another node publishes arrives', async () => {
    const response = await fetch(`${server.url}/subscribe/c`, { headers: { authorization: `Bearer ${server.token}` } })
    const reader = response.body?.getReader()
    const next = async () => new TextDecoder().decode((await reader?.read())?.value)
    expect(await next()).toBe('data: subscribe,c,1\n\n')
    cli(nodes[2]?.port ?? 0, 'PUBLISH', 'c', 'hello')
    expect(await next()).toBe('data: message,c,hello\n\n')
    await reader?.cancel()
  })

  it('a node that is gone leaves no request without an answer', async () => {
    nodes[2]?.kill('SIGKILL')
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)
    await vi.waitFor(async () => {
      const answers = await Promise.all(keys.map((key) => request(server, `/get/${key}`)))
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([503])
      expect(answers.every(({ text }) => text.includes('CLUSTERDOWN') || text.includes('not reachable'))).toBe(true)
    }, soon)
  })
})
