import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const Check = z.object({ ok: z.literal(true), checks: z.array(z.object({ ok: z.literal(true) })).min(1) })

describe('main in production', () => {
  let folder: string
  let issuer: Server
  let child: ChildProcess
  let env: NodeJS.ProcessEnv
  let url: string
  let token: string
  const userId = randomUUID()
  const output: string[] = []
  const ask = (path: string, authorization?: string) =>
    fetch(`${url}${path}`, { redirect: 'manual', ...(authorization !== undefined && { headers: { authorization } }) })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloud-brain-production-'))
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] })
    issuer = createServer((_, response) => response.writeHead(200).end(jwks)).listen(0, '127.0.0.1')
    await once(issuer, 'listening')
    const address = issuer.address()
    const port = typeof address === 'object' && address ? address.port : 0
    token = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer('https://id.pond.example')
      .setAudience('phone')
      .setSubject(userId)
      .setExpirationTime('5 minutes')
      .sign(privateKey)
    env = {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: folder,
      AUTH_JWKS_URL: `http://127.0.0.1:${port}/jwks`,
      AUTH_ISSUER: 'https://id.pond.example',
      AUTH_AUDIENCE: 'phone',
      CACHE_KEY_SECRET: 'a secret of this test',
      METRICS_TOKEN: 'prometheus-may-read',
    }
    child = start(env, output)
    const [message] = await once(child, 'message')
    url = z.object({ type: z.literal('ready'), url: z.url(), token: z.null() }).parse(message).url
  })
  afterAll(async () => {
    child?.kill('SIGKILL')
    issuer?.close()
    await rm(folder, { recursive: true, force: true })
  })

  function start(settings: NodeJS.ProcessEnv, lines: string[], args: readonly string[] = []): ChildProcess {
    const started = spawn(process.execPath, ['--import', 'tsx', ...args, 'src/main.ts'], {
      cwd: ROOT,
      env: settings,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [started.stdout, started.stderr]) {
      stream?.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
    }
    return started
  }

  it('offers nothing that is for development: no tokens, no people, no fake Strava', async () => {
    for (const path of ['/dev/personas', '/dev/token', '/api/v1/integrations/strava/authorize', '/webhooks/strava']) {
      expect([path, (await ask(path, `Bearer ${token}`)).status]).toEqual([path, 404])
    }
    const document = await (await ask('/openapi.json')).text()
    expect(document).toContain('/api/v1/chat')
    for (const word of ['/dev/', 'strava', 'personas']) expect(document).not.toContain(word)
  })

  it('lets a token of the identity provider in, and no other', async () => {
    const path = '/api/v1/users/me/profile'
    const mine = await ask(path, `Bearer ${token}`)
    expect([mine.status, await mine.json()]).toEqual([200, expect.objectContaining({ id: userId })])
    expect((await ask(path)).status).toBe(401)
    expect((await ask(path, `Bearer ${token.slice(0, -9)}AAAAAAAAA`)).status).toBe(401)
  })

  it('shows metrics only with their token, and in /readyz the self-tests of its own start', async () => {
    expect((await ask('/metrics')).status).toBe(401)
    expect(await (await ask('/metrics', 'Bearer prometheus-may-read')).text()).toContain('http_requests_total{')
    const ready = await ask('/readyz')
    const { self_test } = z.object({ self_test: z.object({ cache: Check, limiter: Check }) }).parse(await ready.json())
    expect([ready.status, self_test.cache.ok, self_test.limiter.ok]).toEqual([200, true, true])
  })

  it('logs in lines of JSON, without token or user, and stops on SIGTERM', async () => {
    const end = once(child, 'close')
    child.kill('SIGTERM')
    expect(await end).toEqual([0, null])
    const lines = output.join('').trim().split('\n')
    expect(lines.every((line) => z.looseObject({ msg: z.string() }).safeParse(JSON.parse(line)).success)).toBe(true)
    expect(lines.length).toBeGreaterThan(5)
    for (const secret of [userId, token, 'prometheus-may-read', 'a secret of this test']) {
      expect(lines.join('\n')).not.toContain(secret)
    }
  })

  it.each(['throw error', 'Promise.reject(error)'])(
    'logs a crash in one line without its words, and ends with 1: %s',
    async (action) => {
      const words = 'insert into weight values (71.5)'
      const fault = `process.on('SIGUSR2', () => { const error = new TypeError('${words}'); ${action} })`
      const said: string[] = []
      const settings = { ...env, DATA_DIR: join(folder, 'crash') }
      const crashing = start(settings, said, ['--import', `data:text/javascript,${encodeURIComponent(fault)}`])
      await once(crashing, 'message')
      const end = once(crashing, 'close')
      crashing.kill('SIGUSR2')
      expect(await end).toEqual([1, null])
      expect(said.join('')).not.toContain(words)
      const last = said.join('').trim().split('\n').at(-1) ?? ''
      expect(JSON.parse(last)).toMatchObject({
        level: 60,
        err: { name: 'TypeError' },
        msg: 'Cloud Brain ends: nobody handled this error',
      })
    },
  )
})
