import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { installLine } from './install-lines.ts'
import { type OwnedProcess, ServerStartError, startOwnedProcess } from './owned-process.ts'

type Account = { readonly uid: number; readonly gid: number }

const debianFolder = '/usr/lib/postgresql'

function findBinDir(): string | undefined {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder) : []
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a))
  const debian = newestFirst.map((version) => join(debianFolder, version, 'bin'))
  const onPath = findProgram('postgres')
  return [...debian, ...(onPath === undefined ? [] : [dirname(onPath)])].find((dir) => existsSync(join(dir, 'initdb')))
}

const binDir = findBinDir()

/** The machine's PostgreSQL programs (newest version); undefined when it is not installed. */
export const postgresServer: { readonly binDir: string } | undefined = binDir === undefined ? undefined : { binDir }

/** PostgreSQL and PgBouncer refuse to run as root, so root lends it the account that Debian's package makes. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function createCluster(programs: string, account: Account | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millpond-postgres-'))
  try {
    if (account !== undefined) await chown(folder, account.uid, account.gid)
    const args = ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C']
    await promisify(execFile)(join(programs, 'initdb'), args, { cwd: folder, ...account })
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

type Server = { readonly process: OwnedProcess; readonly folder: string; readonly port: number }

/** Starts a server on the data of a folder. A standby says that it is ready in other words. */
export function launchPostgres(
  folder: string,
  port: number,
  readyLine = 'ready to accept connections',
): Promise<OwnedProcess> {
  if (postgresServer === undefined) throw new ServerStartError('postgres', `Not installed: ${installLine.postgres}`)
  return startOwnedProcess({
    program: join(postgresServer.binDir, 'postgres'),
    // -F: no fsync, -k '': no socket file. Messages in English, because the ready line is read from them.
    args: ['-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', '', '-F', '-c', 'lc_messages=C'],
    folder,
    readyLine,
    stopSignal: 'SIGQUIT',
    user: serverAccount(),
  })
}

async function startOnPort(port: number): Promise<Server> {
  if (postgresServer === undefined) throw new ServerStartError('postgres', `Not installed: ${installLine.postgres}`)
  const folder = await createCluster(postgresServer.binDir, serverAccount())
  return { process: await launchPostgres(folder, port), folder, port }
}

/** A server with fresh data on a free port. */
export async function startOnAnyPort(attempts = 3): Promise<Server> {
  const port = await freePort()
  try {
    return await startOnPort(port)
  } catch (error) {
    if (attempts <= 1 || !(error instanceof ServerStartError)) throw error
    return startOnAnyPort(attempts - 1)
  }
}

/** Sends statements one after the other, over a connection of their own. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

export interface StartedPostgres {
  /** The URL of the database `postgres`. */
  readonly url: string
  /** Makes an empty database and returns its URL. */
  createDatabase(): Promise<string>
  /** Ends the server at once (immediate shutdown); its data stay, for `restart`. */
  crash(): Promise<void>
  /** Starts it again after a crash, on the same port and data. */
  restart(): Promise<void>
  /** Ends the server at once (immediate shutdown) and removes its folder. */
  stop(): Promise<void>
}

/** A fresh PostgreSQL on 127.0.0.1 and a free port, in about a second. Rejects when it cannot start. */
export async function startPostgres(): Promise<StartedPostgres> {
  const { process: first, folder, port } = await startOnAnyPort()
  let running = first
  const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`
  let created = 0
  return {
    url: urlOf('postgres'),
    crash: () => running.end(),
    restart: async () => {
      running = await launchPostgres(folder, port)
    },
    stop: () => running.stop(),
    createDatabase: async () => {
      created += 1
      const name = `test_${created}`
      await execute(urlOf('postgres'), `CREATE DATABASE ${name} TEMPLATE template0`)
      return urlOf(name)
    },
  }
}
