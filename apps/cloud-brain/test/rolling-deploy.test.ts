import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Balancer, describeWith, startBalancer, startPostgres, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { TODAY } from './harness.ts'
import { chunk } from './with-model.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const Ready = z.object({ url: z.url() })
const Token = z.object({ token: z.string() })
const Day = z.object({ steps: z.number().nullish() })
const WORKERS = 4
const DEPLOYS = 2

/** A model that takes its time for each word, and never comes to an end where the question says so. */
async function startSlowModel(): Promise<{ server: Server; url: string }> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const bytes of request) body += String(bytes)
    const words = body.includes('for ever') ? Number.POSITIVE_INFINITY : 8
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let word = 0; word < words && !response.destroyed; word += 1) {
      response.write(chunk('word '))
      await delay(100)
    }
    response.end('data: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1` }
}

describeWith(['redis', 'postgres'], 'a rolling deployment', () => {
  let folder: string
  let redis: Awaited<ReturnType<typeof startRedis>>
  let postgres: Awaited<ReturnType<typeof startPostgres>>
  let model: Awaited<ReturnType<typeof startSlowModel>>
  let balancer: Balancer
  let env: NodeJS.ProcessEnv
  const children = new Set<ChildProcess>()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloud-brain-rolling-'))
    ;[redis, postgres, model] = await Promise.all([startRedis(), startPostgres(), startSlowModel()])
    balancer = await startBalancer({ readyPath: '/readyz' })
    env = {
      PATH: process.env.PATH,
      PORT: '0',
      DATA_DIR: folder,
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
      CHAT_API_URL: model.url,
      CHAT_API_KEY: 'k',
      CHAT_MODEL: 'm',
      CLIENT_ADDRESS: 'proxies:1',
      DRAIN_SECONDS: '1',
      LOG_LEVEL: 'error',
    }
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    balancer?.close()
    model?.server.close()
    model?.server.closeAllConnections()
    await Promise.all([redis?.stop(), postgres?.stop()])
    await rm(folder, { recursive: true, force: true })
  })

  async function start(): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    children.add(child)
    const [message] = await once(child, 'message')
    const { url } = Ready.parse(message)
    balancer.add(url)
    return { child, url }
  }

  let users = 0
  /** What a user sends, each from an address of their own. */
  async function createUser(): Promise<Record<string, string>> {
    users += 1
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `10.0.${users >> 8}.${users & 255}` }
    const body = JSON.stringify({ sub: randomUUID() })
    const answer = await fetch(`${balancer.url}/dev/token`, { method: 'POST', headers, body })
    const text = await answer.text()
    if (!answer.ok) throw new TypeError(`Cannot have a token: ${answer.status} ${text} ${balancer.dropped}`)
    const { token } = Token.parse(JSON.parse(text))
    return { ...headers, authorization: `Bearer ${token}` }
  }

  it('drops no request, answers none wrongly, and ends every stream with an event', async () => {
    const wrong: string[] = []
    const counts = { answers: 0, streams: 0 }
    const expectStatus = async (asked: Promise<Response>) => {
      const answer = await asked
      counts.answers += 1
      if (answer.status !== 200) wrong.push(`${answer.status} ${await answer.clone().text()}`)
      return answer
    }
    const chat = async (headers: Record<string, string>, message: string) => {
      const body = JSON.stringify({ message })
      const asked = fetch(`${balancer.url}/api/v1/chat`, { method: 'POST', headers, body })
      const text = await (await expectStatus(asked)).text().catch((error: unknown) => String(error))
      counts.streams += 1
      return text.trim().split('\n\n').at(-1)?.split('\n')[0]
    }
    let isOver = false
    const work = async () => {
      while (!isOver) {
        const headers = await createUser()
        for (let steps = 1; steps <= 20 && !isOver; steps += 1) {
          const body = JSON.stringify({ source: 'watch', daily_metrics: [{ date: TODAY, steps }] })
          await expectStatus(fetch(`${balancer.url}/api/v1/health/ingest`, { method: 'POST', headers, body }))
          for (let read = 0; read < 2; read += 1) {
            const url = `${balancer.url}/api/v1/analytics/daily-summary?date=${TODAY}`
            const day = Day.parse(await (await expectStatus(fetch(url, { headers }))).json().catch(() => ({})))
            if (day.steps !== steps) wrong.push(`stale: ${day.steps} instead of ${steps}`)
          }
          await delay(50)
        }
        const last = await chat(headers, 'steps?')
        if (last !== 'event: done') wrong.push(`a stream ended with ${last}`)
      }
    }

    let old = await start()
    await balancer.whenReady(old.url, true)
    const workers = Array.from({ length: WORKERS }, () =>
      work().catch((error: unknown) => void wrong.push(String(error))),
    )
    for (let deploy = 0; deploy < DEPLOYS; deploy += 1) {
      const next = await start()
      await balancer.whenReady(next.url, true)
      const long = chat(await createUser(), 'talk for ever')
      const other = chat(await createUser(), 'talk for ever')
      const exit = once(old.child, 'exit')
      old.child.kill('SIGTERM')
      await balancer.whenReady(old.url, false)
      // Each instance has one of the two; which, only the balancer knows.
      const ended = await Promise.race([long, other])
      if (ended !== 'event: error') wrong.push(`an endless stream ended with ${ended}`)
      const [code] = await exit
      if (code !== 0) wrong.push(`exit ${code}`)
      balancer.remove(old.url)
      old = next
    }
    isOver = true
    await Promise.all(workers)
    expect(wrong).toEqual([])
    expect(balancer.dropped).toEqual([])
    expect(counts.streams).toBeGreaterThan(DEPLOYS)
  })
})
