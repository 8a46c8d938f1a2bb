import { execFileSync } from 'node:child_process'
import { describeWith, freePort, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createServer, type RestServer } from '../src/index.ts'
import { command, request } from './request.ts'

const soon = { timeout: 50_000, interval: 50 }

function cli(port: number, ...words: string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' })
}

describeWith('redis', 'a cluster with a replica for each master', () => {
  const nodes: StartedRedis[] = []
  let server: RestServer

  beforeAll(async () => {
    for (let index = 0; index < 6; index += 1) {
      const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--repl-diskless-sync-delay', '0']
      nodes.push(await startRedis({ args: async () => [...args, '--cluster-port', String(await freePort())] }))
    }
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
    await vi.waitFor(() => {
      for (const { port } of nodes) expect(cli(port, 'CLUSTER', 'INFO')).toContain('state:ok')
      for (const { port } of nodes.slice(3)) expect(cli(port, 'INFO', 'replication')).toContain('link_status:up')
    }, soon)
    server = await createServer({ redis: nodes[0]?.url ?? '' })
  }, 120_000)
  afterAll(async () => {
    await server?.close()
    await Promise.all(nodes.map((node) => node.stop()))
  })

  it('a replica takes over for a master that is killed, the one of the URL too, and every request has an answer until then', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}`)
    const body = JSON.stringify(keys.map((key) => ['SET', key, key]))
    const stored = await request(server, '/pipeline', { body })
    expect(stored.text).not.toContain('error')
    await vi.waitFor(() => {
      const held = nodes.map(({ port }) => Number(cli(port, 'DBSIZE')))
      expect(held.slice(3).reduce((sum, count) => sum + count, 0)).toBe(keys.length)
    }, soon)
    nodes[0]?.kill('SIGKILL')
    const statuses = new Set<number>()
    await vi.waitFor(async () => {
      const answers = await Promise.all(keys.map((key) => request(server, `/get/${key}`)))
      for (const [index, { status, text }] of answers.entries()) {
        statuses.add(status)
        if (status === 200) expect(text).toBe(`{"result":"${keys[index]}"}`)
      }
      expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200))
    }, soon)
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
    for (const key of keys) expect(await command(server, 'APPEND', key, '+')).toBe(`{"result":${key.length + 1}}`)
    expect(await command(server, 'DBSIZE')).toBe(`{"result":${keys.length}}`)
  }, 120_000)
})
