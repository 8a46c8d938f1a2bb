import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from 'millpond-e2e/servers'
import { quantile, type Row } from '../harness/index.ts'

const appDir = fileURLToPath(new URL('next-app/', import.meta.url))
const nextBin = fileURLToPath(new URL('../../node_modules/next/dist/bin/next', import.meta.url))
const ways = [
  { contender: 'site', path: 'site' },
  { contender: 'as first written', path: 'seed' },
] as const
const cases = [
  { group: 'limited cached GET', route: 'stats', method: 'GET', status: 200 },
  { group: 'join', route: 'join', method: 'POST', status: 201 },
] as const

/** Requests of each way before the measured ones. */
const warmUps = 40

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** The answer's status, once its body has been read. */
function ask(url: string, { method, visitor }: { method: string; visitor: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent, headers: { 'x-visitor': visitor } }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new TypeError(`Cannot measure: "next start" ended with ${child.exitCode}`)
    const status = await ask(`${url}/site/stats`, { method: 'GET', visitor: 'first' }).catch(() => 0)
    if (status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/**
 * The two ways behind `next start`, proxy and route as Next runs them, one request at a time over one connection, in turns. Builds the
 * app first. Throws when an answer is not what the route says.
 */
export async function measureNext(options: {
  rest: { readonly url: string; readonly token: string }
  requestsEach: number
  visitor: () => string
}): Promise<Row[]> {
  const { rest, requestsEach, visitor } = options
  const env = { ...process.env, REST_URL: rest.url, REST_TOKEN: rest.token, NEXT_TELEMETRY_DISABLED: '1' }
  Reflect.deleteProperty(env, 'NODE_ENV')
  await promisify(execFile)(process.execPath, [nextBin, 'build', appDir], { env })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, [nextBin, 'start', appDir, '-p', String(port), '-H', '127.0.0.1'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    await waitUntilReady(url, child)
    const rows: Row[] = []
    for (const { group, route, method, status } of cases) {
      const times = new Map<string, number[]>(ways.map(({ path }) => [path, []]))
      // Turn by turn, so that whatever else the machine does meets both alike.
      for (let nth = -warmUps; nth < requestsEach; nth += 1) {
        for (const { path } of nth % 2 === 0 ? ways : ways.toReversed()) {
          const from = performance.now()
          const got = await ask(`${url}/${path}/${route}`, { method, visitor: visitor() })
          const took = performance.now() - from
          if (got !== status) throw new TypeError(`Cannot measure: ${path}/${route} answered ${got}`)
          if (nth >= 0) times.get(path)?.push(took)
        }
      }
      for (const { contender, path } of ways) {
        const sorted = (times.get(path) ?? []).sort((a, b) => a - b)
        const of = (part: number): number => Number(quantile(sorted, part).toFixed(3))
        rows.push({ contender, group, values: { p50Ms: of(0.5), p95Ms: of(0.95) } })
      }
    }
    return rows
  } finally {
    agent.destroy()
    child.kill('SIGTERM')
    await exited
  }
}
