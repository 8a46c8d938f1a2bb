import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { describeWith, startRedis } from '../servers/index.ts'
import { readProjectFiles } from './examples/read-examples.ts'

const root = join(import.meta.dirname, '../..')

interface Worker {
  fetch(request: Request): Promise<Response>
}

describeWith('redis', 'the worker of the edge guide', () => {
  let folder: string
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined
  let rest: Awaited<ReturnType<typeof createServer>> | undefined
  beforeAll(async () => {
    // Inside the workspace, so that its packages are found by name.
    folder = await mkdtemp(join(root, 'e2e', '.examples-edge-'))
    const files = readProjectFiles(await readFile(join(root, 'docs/guide/edge.md'), 'utf8'))
    await writeFile(join(folder, 'worker.ts'), files.get('worker.ts') ?? '')
    await copyFile(join(root, 'scripts/runtimes/cloudflare-workers.d.ts'), join(folder, 'workers.d.ts'))
    redis = await startRedis()
    rest = await createServer({ redis: redis.url })
  })
  afterAll(async () => {
    await rest?.close()
    await redis?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** The worker, in Node.js: the runtime itself is a part of `npm run runtimes`. */
  async function load(url: string, token: string): Promise<Worker> {
    const env = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }
    const workers = `export const env = ${JSON.stringify(env)}\nexport const waitUntil = () => {}\n`
    await writeFile(join(folder, 'cloudflare-workers.mjs'), workers)
    const outfile = join(folder, 'worker.mjs')
    await build({
      entryPoints: [join(folder, 'worker.ts')],
      alias: { 'cloudflare:workers': join(folder, 'cloudflare-workers.mjs') },
      bundle: true,
      format: 'esm',
      outfile,
      logLevel: 'silent',
    })
    const { default: worker }: { default: Worker } = await import(pathToFileURL(outfile).href)
    return worker
  }

  it('has right types', async () => {
    const compilerOptions = { noEmit: true, lib: ['ES2023', 'DOM'] }
    const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['worker.ts', 'workers.d.ts'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch((failed) => failed)
    expect(stdout).toBe('')
  })

  it('counts, and answers from the cache', async () => {
    const worker = await load(rest?.url ?? '', rest?.token ?? '')
    const ask = (address: string) =>
      worker.fetch(new Request('https://edge.test/', { headers: { 'CF-Connecting-IP': address } }))
    // The first call opens the connection, and may take longer than a decision waits.
    const connected = async () => expect((await ask('203.0.113.1')).headers.get('RateLimit')).not.toBeNull()
    await vi.waitFor(connected, { timeout: 20_000 })
    const [first, second] = [await ask('203.0.113.7'), await ask('203.0.113.7')]
    expect([first.status, await first.json(), first.headers.get('RateLimit')]).toEqual([
      200,
      { total: 42 },
      '"global";r=59;t=60',
    ])
    expect(second.headers.get('RateLimit')).toContain('r=58')
  })
})
