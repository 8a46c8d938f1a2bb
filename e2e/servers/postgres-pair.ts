import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts'
import { freePort } from './free-port.ts'
import type { OwnedProcess } from './owned-process.ts'
import { execute, launchPostgres, postgresServer, serverAccount, startOnAnyPort } from './postgres.ts'

export interface StartedPostgresPair {
  /** What stands between the clients and the primary. At first it leads to the first server. */
  readonly proxy: TcpProxy
  /** Makes an empty database and returns its URL through the proxy. */
  createDatabase(): Promise<string>
  /** A database's URL at one of the servers itself. */
  urlAt(server: 'first' | 'second', url: string): string
  /** Ends the first server without a word (SIGKILL). */
  killFirst(): Promise<void>
  /** From now on the first server takes no write, on open connections too. */
  fenceFirst(): Promise<void>
  /** Makes the second server the primary and resolves when it takes writes. The proxy still leads where it led. */
  promoteSecond(): Promise<void>
  /** Sends new connections to the second server; what becomes of the open ones is as in {@link TcpProxy.retarget}. */
  leadToSecond(open?: 'reset' | 'keep'): void
  stop(): Promise<void>
}

type Started = { readonly process: OwnedProcess; readonly folder: string; readonly port: number }

const urlOf = (port: number, database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`

/** Runs one of PostgreSQL's programs as the account that the servers run as. */
async function run(program: string, args: readonly string[], folder: string): Promise<void> {
  await promisify(execFile)(join(postgresServer?.binDir ?? '', program), args, { cwd: folder, ...serverAccount() })
}

async function startStandby(primary: Started): Promise<Started> {
  const account = serverAccount()
  const folder = await mkdtemp(join(tmpdir(), 'millpond-postgres-'))
  try {
    if (account !== undefined) await chown(folder, account.uid, account.gid)
    const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres']
    // -R: it follows the primary from then on.
    await run('pg_basebackup', ['-D', join(folder, 'data'), ...from, '-R', '-c', 'fast', '--no-sync'], folder)
    const port = await freePort()
    return { process: await launchPostgres(folder, port, 'ready to accept read'), folder, port }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Every commit is from now on acknowledged when the standby has it. Not before there is one: the first commit would wait. */
async function commitToBoth(primary: Started): Promise<void> {
  const url = urlOf(primary.port)
  await execute(url, `alter system set synchronous_standby_names = '*'`, 'select pg_reload_conf()')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const isSync = `select 1 from pg_stat_replication where sync_state = 'sync'`
    while ((await client.query(isSync)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    await client.end()
  }
}

/**
 * A primary and a standby that follows it, with synchronous replication, behind one address: what a service with failover has. The first server is the
 * primary until `promoteSecond`.
 */
export async function startPostgresPair(): Promise<StartedPostgresPair> {
  const first = await startOnAnyPort()
  const second = await startStandby(first).catch(async (error: unknown) => {
    await first.process.stop()
    throw error
  })
  await commitToBoth(first)
  const proxy = await startTcpProxy({ target: first.port })
  const through = (url: string, port: number) => Object.assign(new URL(url), { port: String(port) }).href
  let created = 0
  return {
    proxy,
    urlAt: (server, url) => through(url, server === 'first' ? first.port : second.port),
    createDatabase: async () => {
      created += 1
      await execute(urlOf(first.port), `CREATE DATABASE test_${created} TEMPLATE template0`)
      return urlOf(proxy.port, `test_${created}`)
    },
    killFirst: async () => {
      first.process.kill('SIGKILL')
      await first.process.ended
    },
    fenceFirst: () =>
      execute(urlOf(first.port), 'alter system set default_transaction_read_only = on', 'select pg_reload_conf()'),
    promoteSecond: () => run('pg_ctl', ['promote', '-w', '-D', join(second.folder, 'data')], second.folder),
    leadToSecond: (open) => proxy.retarget(second.port, open),
    stop: async () => {
      await proxy.close()
      await Promise.all([first, second].map((server) => server.process.stop()))
    },
  }
}
