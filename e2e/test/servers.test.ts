import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import {
  describeWith,
  freePort,
  installLine,
  launchChromium,
  ServerStartError,
  startPostgres,
  startPostgresPair,
  startRedis,
} from 'millpond-e2e/servers'
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'

async function folderOf(url: string): Promise<string> {
  const client = new Redis(url)
  try {
    const [, folder] = (await client.config('GET', 'dir')) as [string, string]
    return folder
  } finally {
    client.disconnect()
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('freePort()', () => {
  it('freePort() returns a port above the reserved ones', async () => {
    expect(await freePort()).toBeGreaterThan(1023)
  })
})

describe('installLine', () => {
  it('installLine names the Debian package of each server', () => {
    expect(installLine).toEqual({
      redis: 'apt-get install -y redis-server',
      postgres: 'apt-get install -y postgresql',
      pgbouncer: 'apt-get install -y pgbouncer',
      chromium: 'apt-get install -y chromium',
      openssl: 'apt-get install -y openssl',
    })
  })
})

describeWith('redis', 'startRedis()', () => {
  it('startRedis() asks anew for arguments when a port among them was taken', async () => {
    const first = await startRedis()
    const other = await freePort()
    const ports = [first.port, other]
    const second = await startRedis({
      // A server that cannot have one of its ports ends.
      args: async () => ['--cluster-enabled', 'yes', '--cluster-port', String(ports.shift())],
    })
    expect(ports).toEqual([])
    await Promise.all([first.stop(), second.stop()])
  })

  it('startRedis() answers, and stop() ends the process and removes its folder', async () => {
    const redis = await startRedis()
    const folder = await folderOf(redis.url)
    expect(existsSync(folder)).toBe(true)
    await redis.stop()
    await redis.stop()
    expect(isRunning(redis.pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  it('startRedis() passes arguments on and uses the port it is given', async () => {
    const port = await freePort()
    const redis = await startRedis({ port, args: ['--maxmemory', '3mb'] })
    const client = new Redis(redis.url)
    expect(redis.url).toBe(`redis://127.0.0.1:${port}`)
    expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', '3145728'])
    client.disconnect()
    await redis.stop()
  })

  it('startRedis() rejects when the port is taken', async () => {
    const first = await startRedis()
    await expect(startRedis({ port: first.port })).rejects.toBeInstanceOf(ServerStartError)
    await first.stop()
  })

  it('stop() ends a server that hangs', async () => {
    const redis = await startRedis()
    redis.kill('SIGSTOP')
    await redis.stop()
    expect(isRunning(redis.pid)).toBe(false)
  })

  it('startRedis() ends with the process that called it, however that dies', async () => {
    const servers = fileURLToPath(new URL('../servers/redis.ts', import.meta.url))
    const script = `import(${JSON.stringify(servers)}).then((m) => m.startRedis()).then((r) => console.log(r.pid, r.url))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--import', 'tsx', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const [pid, url] = line.toString().trim().split(' ')
    const folder = await folderOf(url ?? '')
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 })
    await expect(startRedis({ port: Number(new URL(url ?? '').port) }).then((redis) => redis.stop())).resolves.toBe(
      undefined,
    )
    expect(Number(pid)).toBeGreaterThan(0)
  })
})

describeWith('postgres', 'startPostgres()', () => {
  it('startPostgres() answers, makes empty databases, and stops', async () => {
    const postgres = await startPostgres()
    const urls = [await postgres.createDatabase(), await postgres.createDatabase()]
    const client = new pg.Client({ connectionString: urls[1] })
    await client.connect()
    const tables = await client.query("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'")
    await client.end()
    expect(tables.rows).toEqual([{ n: 0 }])
    expect(new Set(urls).size).toBe(2)
    await postgres.stop()
    await expect(new pg.Client({ connectionString: postgres.url }).connect()).rejects.toThrow('ECONNREFUSED')
  })
})

describeWith('chromium', 'launchChromium()', () => {
  it('launchChromium() opens a page and closes', async () => {
    const browser = await launchChromium()
    const page = await browser.newPage()
    await page.setContent('<title>Millpond</title>')
    expect(await page.title()).toBe('Millpond')
    await browser.close()
    expect(browser.isConnected()).toBe(false)
  })
})

describeWith('postgres', 'startPostgresPair()', () => {
  it('startPostgresPair() has on the second server what the first one acknowledged before it died', async () => {
    const pair = await startPostgresPair()
    const url = await pair.createDatabase()
    const ask = async (at: string, text: string) => {
      const client = new pg.Client({ connectionString: at })
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(text)).rows
      } finally {
        await client.end()
      }
    }
    try {
      await ask(url, 'create table kept as select 1 as one')
      await pair.killFirst()
      await pair.promoteSecond()
      pair.leadToSecond()
      expect(await ask(url, 'insert into kept select 2 returning one')).toEqual([{ one: 2 }])
      expect(await ask(pair.urlAt('second', url), 'select * from kept order by one')).toEqual([{ one: 1 }, { one: 2 }])
    } finally {
      await pair.stop()
    }
  })
})
