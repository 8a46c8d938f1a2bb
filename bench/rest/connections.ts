import { execFile } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { type StartedRest, startRest, type Table } from '../harness/index.ts'
import { connectHttp, toRequest } from './http-client.ts'
import { type StartedBare, startBare } from './start-bare.ts'

const WANTED = 10_000

/** What the process holds in memory, as `ps` says. */
async function residentMiB(pid: number | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) / 1_024
}

function open(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

/** Opens what the system lets one process open, at most 10,000. */
async function openAll(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < WANTED) {
    const opened = await Promise.all(Array.from({ length: 200 }, () => open(port)))
    sockets.push(...opened.filter((socket) => socket !== undefined))
    if (opened.includes(undefined)) break
  }
  return sockets
}

async function measureServer(contender: string, port: number, token: string, pid: number | undefined) {
  const ask = async (): Promise<void> => {
    const client = await connectHttp(port)
    for (let index = 0; index < 100; index += 1) await client.send(toRequest('/', token, '["PING"]'))
    client.close()
  }
  await ask()
  const before = await residentMiB(pid)
  const sockets = await openAll(port)
  await ask()
  const during = await residentMiB(pid)
  for (const socket of sockets) socket.destroy()
  const kibibytes = ((during - before) * 1_024) / Math.max(1, sockets.length)
  return { contender, group: '', values: { connections: sockets.length, before, during, kibibytes } }
}

/** Memory of a fresh server while 10,000 connections are open that ask nothing; another is answered meanwhile. */
export async function measureConnections(redisUrl: string): Promise<Table> {
  const [rest, bare]: [StartedRest, StartedBare] = await Promise.all([startRest(redisUrl), startBare()])
  const rows = [
    await measureServer('bare node:http', bare.port, '', bare.pid),
    await measureServer('millpond-rest', Number(new URL(rest.url).port), rest.token, rest.pid),
  ]
  await Promise.all([rest.stop(), bare.stop()])
  return {
    id: 'connections',
    title: 'Memory under open connections',
    note: 'Resident memory of the server before and while the connections are open and idle; it answers another one meanwhile. The bare server is run through tsx, which is in its memory before.',
    measures: [
      { key: 'connections', title: 'open', unit: '', better: 'neither' },
      { key: 'before', title: 'before', unit: 'MiB', better: 'lower' },
      { key: 'during', title: 'during', unit: 'MiB', better: 'lower' },
      { key: 'kibibytes', title: 'each', unit: 'KiB', better: 'lower', plot: true },
    ],
    rows,
  }
}
