import { chown, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { installLine } from './install-lines.ts'
import { ServerStartError, startOwnedProcess } from './owned-process.ts'
import { serverAccount } from './postgres.ts'

const path = findProgram('pgbouncer')

/** The machine's PgBouncer; undefined when it is not installed. */
export const pgBouncer: { readonly path: string } | undefined = path === undefined ? undefined : { path }

export interface StartedPgBouncer {
  /** The database behind it, at its own address. */
  readonly url: string
  stop(): Promise<void>
}

/** A PgBouncer on 127.0.0.1 and a free port in front of a database: a connection of the server is lent for one transaction, as poolers of hosts do. */
export async function startPgBouncer(database: string): Promise<StartedPgBouncer> {
  if (pgBouncer === undefined) throw new ServerStartError('pgbouncer', `Not installed: ${installLine.pgbouncer}`)
  const url = new URL(database)
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'millpond-pgbouncer-'))
  const file = join(folder, 'pgbouncer.ini')
  const user = serverAccount()
  const lines = [
    '[databases]',
    `* = host=${url.hostname} port=${url.port} user=${url.username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 3',
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  if (user !== undefined) for (const owned of [folder, file]) await chown(owned, user.uid, user.gid)
  const { stop } = await startOwnedProcess({
    program: pgBouncer.path,
    args: [file],
    folder,
    readyLine: 'process up',
    stopSignal: 'SIGTERM',
    user,
  })
  url.port = String(port)
  return { url: url.href, stop }
}
