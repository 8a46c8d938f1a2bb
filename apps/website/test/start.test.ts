import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callSite } from './call-site.ts'
import { failToStart, type StartedSite, startSite } from './start-site.ts'

describe('server.mjs', () => {
  let site: StartedSite
  beforeAll(async () => {
    site = await startSite()
  })
  afterAll(() => site?.stop())

  it('starts without a complaint, and names its own address from the first answer on', async () => {
    expect(site.errors()).toBe('')
    expect((await callSite(site.url)).text).toContain(`content="${site.url}/opengraph-image.png`)
  })

  it('counts by the socket whatever the client writes into headers', async () => {
    const answers = []
    for (let nth = 0; nth < 6; nth += 1) {
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-for': `203.0.113.${nth}`,
        'x-headwater-socket-address': `203.0.113.${nth}`,
        'X-Headwater-Global-Limit': 'x',
      }
      const body = JSON.stringify({ email: `socket${nth}@x.org` })
      answers.push(await callSite(`${site.url}/api/waitlist/join`, { method: 'POST', headers, body }))
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 429])
    expect(answers[0]?.json()).toMatchObject({ position: 1, tier: 'founding' })
    expect(site.store).toBe('memory')
  })

  it('leaves a folder alone that another process has open', async () => {
    const failed = await failToStart({ DATA_DIR: site.dataDir })
    expect(failed).toEqual({
      code: 1,
      errors: `Cannot open the folder ${site.dataDir}/db: process ${site.pid} has it open; stop that process, or choose another folder`,
    })
  })

  it('names every fault of the environment at once', async () => {
    const failed = await failToStart({ UPSTASH_REDIS_REST_URL: 'https://a.upstash.io', CLIENT_ADDRESS: 'nginx' })
    expect(failed).toEqual({
      code: 1,
      errors: [
        'Cannot start: CLIENT_ADDRESS must be socket, vercel, cloudflare, proxies:N with N from 1 to 16, or trusted: and the networks of the proxies, such as trusted:10.0.0.0/8,fd00::/8, received "nginx"',
        'Cannot start: UPSTASH_REDIS_REST_TOKEN is missing, but UPSTASH_REDIS_REST_URL is set: give both or neither',
      ].join('\n'),
    })
  })

  it('serves on after SIGTERM, is not ready, and closes each connection with its answer', async () => {
    const draining = await startSite({ DRAIN_SECONDS: '60' })
    const ask = async (path: string) => {
      const { status, headers } = await fetch(`${draining.url}${path}`)
      return [status, headers.get('connection')]
    }
    expect(await ask('/readyz')).toEqual([200, 'keep-alive'])
    process.kill(draining.pid, 'SIGTERM')
    await expect.poll(() => ask('/readyz'), { timeout: 20_000 }).toEqual([503, 'close'])
    expect(await ask('/')).toEqual([200, 'close'])
    process.kill(draining.pid, 'SIGKILL')
    await draining.ended()
  })

  it('says that the port it was given is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const failed = await failToStart({ PORT: String(port) })
    await new Promise((resolve) => other.close(resolve))
    expect(failed).toEqual({ code: 1, errors: `Cannot listen on port ${port}: it is in use; set PORT to another one` })
  })

  it('names HOST where that is no address of this machine', async () => {
    expect(await failToStart({ HOST: '192.0.2.1' })).toEqual({
      code: 1,
      errors: 'Cannot listen on host 192.0.2.1: EADDRNOTAVAIL; set HOST to an address of this machine',
    })
  })

  it('names DATA_DIR where that is a file', async () => {
    const file = join(site.dataDir, 'a-file')
    await writeFile(file, '')
    const failed = await failToStart({ DATA_DIR: file })
    expect(failed).toEqual({
      code: 1,
      errors: `Cannot start: DATA_DIR cannot be used: ENOTDIR: not a directory, mkdir '${file}/db.locks'`,
    })
  })

  it('says which database it cannot reach, without its password', async () => {
    const failed = await failToStart({ DATABASE_URL: 'postgres://site:hunter2@127.0.0.1:1/site' })
    expect(failed).toEqual({
      code: 1,
      errors: 'Cannot start: DATABASE_URL cannot be used: connect ECONNREFUSED 127.0.0.1:1',
    })
  })

  it('tells of an error that nobody handled in one line without its words, and ends with 1 where that leaves it in no known state', async () => {
    const words = 'ada@x.org'
    const fault = [
      `const toError = () => new TypeError('${words}')`,
      `process.on('SIGUSR2', () => { throw toError() })`,
      `process.on('SIGHUP', () => { Promise.reject(toError()) })`,
    ].join(';')
    const crashing = await startSite({}, ['--import', `data:text/javascript,${encodeURIComponent(fault)}`])
    process.kill(crashing.pid, 'SIGHUP')
    await expect
      .poll(() => crashing.errors(), { timeout: 20_000 })
      .toMatch(/^Nobody handled a rejection: TypeError at /)
    expect((await callSite(crashing.url)).status).toBe(200)
    process.kill(crashing.pid, 'SIGUSR2')
    expect(await crashing.ended()).toBe(1)
    expect(crashing.errors().split('\n').at(-1)).toMatch(/^The site ends, nobody handled an error: TypeError at /)
    expect(crashing.errors()).not.toContain(words)
  })
})
