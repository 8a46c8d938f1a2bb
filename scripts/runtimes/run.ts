/**
 * `npm run runtimes -- [NAME …]`: packs both packages and runs the store contract, a cache and a limiter in every runtime that is promised: Node.js 20, 22 and 24, Bun and Deno on every kind of
 * store and on a REST server of their own, a strict edge runtime and workerd on memory and REST. One line for each; ends with 1 when one fails. Needs redis-server; fetches runtimes from the registry.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { startRedis } from 'millpond-e2e/servers'
import { createServer } from 'millpond-rest'
import { createProject, packInto } from '../packages/pack.mjs'

const run = promisify(execFile)
const TIMEOUT_MS = 180_000

/** How a runtime is reached: a package with its command, or a package that a host of ours loads. */
type Runtime =
  | { readonly kind: 'server'; readonly package: string; readonly command: readonly string[] }
  | { readonly kind: 'edge'; readonly package: string; readonly worker?: string }

const runtimes: Readonly<Record<string, Runtime>> = {
  'node-20': { kind: 'server', package: 'node@20', command: ['node'] },
  'node-22': { kind: 'server', package: 'node@22', command: ['node'] },
  'node-24': { kind: 'server', package: 'node@24', command: ['node'] },
  bun: { kind: 'server', package: 'bun@1.4.5', command: ['bun'] },
  deno: { kind: 'server', package: 'deno@2.9.6', command: ['deno', 'run', '--allow-all', '--node-modules-dir=manual'] },
  'edge-runtime': { kind: 'edge', package: 'edge-runtime@4.0.1' },
  workerd: { kind: 'edge', package: 'miniflare@4.20260415.0', worker: 'on-workers.mjs' },
}

interface Place {
  readonly folder: string
  readonly project: string
  readonly redisUrl: string
  readonly rest: { readonly url: string; readonly token: string }
}

/** Resolves with the line that the runtime printed. */
async function prove(name: string, runtime: Runtime, { folder, project, redisUrl, rest }: Place): Promise<string> {
  if (runtime.kind === 'server') {
    const args = ['exec', '--yes', `--package=${runtime.package}`, '--', ...runtime.command, 'on-server.mjs']
    const env = { ...process.env, REDIS_URL: redisUrl, REST_URL: rest.url, REST_TOKEN: rest.token }
    return (await run('npm', args, { cwd: project, env, timeout: TIMEOUT_MS })).stdout.trim()
  }
  const host = join(folder, name)
  await createProject(host, [runtime.package])
  copyFileSync(join(import.meta.dirname, 'host-edge.mjs'), join(host, 'host-edge.mjs'))
  const bundle = await bundleInto(host, join(project, 'on-edge.mjs'), 'iife')
  const worker = runtime.worker && (await bundleInto(host, join(project, runtime.worker), 'esm'))
  const query = new URLSearchParams({ ...rest }).toString()
  const args = ['host-edge.mjs', name, bundle, query, ...(worker ? [worker] : [])]
  return (await run(process.execPath, args, { cwd: host, timeout: TIMEOUT_MS })).stdout.trim()
}

/** Resolves with the path of the bundle. */
async function bundleInto(folder: string, entry: string, format: 'iife' | 'esm'): Promise<string> {
  const outfile = join(folder, `${basename(entry, '.mjs')}.js`)
  await build({
    entryPoints: [entry],
    bundle: true,
    external: ['cloudflare:workers'],
    platform: 'neutral',
    format,
    target: 'es2022',
    outfile,
    logLevel: 'silent',
  })
  return outfile
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => runtimes[name] === undefined)
  if (unknown !== undefined) {
    console.error(`Cannot run in "${unknown}": it must be one of ${Object.keys(runtimes).join(', ')}`)
    process.exitCode = 1
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'millpond-runtimes-'))
  const server = await startRedis()
  const rest = await createServer({ redis: server.url })
  try {
    const packed = await packInto(folder)
    const project = join(folder, 'stranger')
    const files = packed.map(({ file }) => file)
    await createProject(project, [...files, 'ioredis@6.0.0', 'redis@6.3.1'])
    for (const file of ['prove-store.mjs', 'on-server.mjs', 'on-edge.mjs', 'on-workers.mjs']) {
      copyFileSync(join(import.meta.dirname, file), join(project, file))
    }
    const place = { folder, project, redisUrl: server.url, rest: { url: rest.url, token: rest.token } }
    for (const [name, runtime] of Object.entries(runtimes)) {
      if (names.length > 0 && !names.includes(name)) continue
      try {
        console.log(`${name} (${runtime.package}): ${await prove(name, runtime, place)}`)
      } catch (error) {
        process.exitCode = 1
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
        console.error(`${name} (${runtime.package}) failed: ${stdout}${stderr}${stdout || stderr ? '' : error}`)
      }
    }
  } finally {
    await rest.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

await main(process.argv.slice(2))
