import { Redis } from 'ioredis'
import { freePort, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import type { FaultyWire, WireFault } from './faulty-wire.ts'

/** What a fault is done to. */
interface Target {
  readonly server: StartedRedis
  readonly wire: FaultyWire
  /** Begins a take, whose decision is proved with the others. */
  readonly take: () => void
  /** Ends a server that takes the place of the first, when all is over. */
  readonly adopt: (server: StartedRedis) => void
}

/** One way in which a store fails its limiter. */
export interface LimitFault {
  /** Makes the store fail, and gives how to mend it. */
  readonly strike: (target: Target) => Promise<() => Promise<unknown>>
  /** What the decisions may name as their cause. */
  readonly codes: readonly string[]
  /** Whether the breaker opens: not where the server answers at once, if with an error. */
  readonly opens: boolean
  /** Nothing comes from the store any more, or nothing for a while: the deadline decides. */
  readonly isSilent: boolean
  readonly needs?: 'own server'
}

const UNREACHABLE = { codes: ['ERR_STORE_UNAVAILABLE', 'ERR_STORE_TIMEOUT'], opens: true, isSilent: true } as const
const UNAVAILABLE = { codes: ['ERR_STORE_UNAVAILABLE'], opens: true, isSilent: false } as const
const WRONG = { codes: ['ERR_STORE_REPLY'], opens: false, isSilent: false } as const

const onWire = (fault: WireFault): Pick<LimitFault, 'strike'> => ({
  async strike({ wire }) {
    await wire.fail(fault)
    return () => wire.mend()
  },
})

const anyWire: Record<string, LimitFault> = {
  'that refuses connections': { ...onWire({ kind: 'refuse' }), ...UNREACHABLE },
  'that hangs': { ...onWire({ kind: 'hang' }), codes: ['ERR_STORE_TIMEOUT'], opens: true, isSilent: true },
  'that resets connections': { ...onWire({ kind: 'reset' }), ...UNREACHABLE },
  'that sends half a reply': { ...onWire({ kind: 'truncate' }), ...UNREACHABLE },
}

const countCommands = (bytes: string) => bytes.match(/\*\d+\r\n\$/g)?.length ?? 0
const replies = (reply: string) => onWire({ kind: 'answer', reply, count: countCommands })

/** Over the protocol of Redis. */
export const redisLimitFaults: Record<string, LimitFault> = {
  ...anyWire,
  'that answers LOADING': { ...replies('-LOADING Redis is loading the dataset in memory\r\n'), ...UNAVAILABLE },
  'that answers OOM': { ...replies("-OOM command not allowed when used memory > 'maxmemory'.\r\n"), ...UNAVAILABLE },
  'that answers READONLY': { ...replies("-READONLY You can't write against a read only replica.\r\n"), ...UNAVAILABLE },
  'that asks for a password': { ...replies('-NOAUTH Authentication required.\r\n'), ...WRONG },
  'that answers with what is no verdict': { ...replies('+OK\r\n'), ...WRONG },
  'that answers with a list of texts': { ...replies('*5\r\n+a\r\n+b\r\n+c\r\n+d\r\n+e\r\n'), ...WRONG },
}

const countPosts = (bytes: string) => bytes.match(/^POST /gm)?.length ?? 0
function answers(status: string, body: string): Pick<LimitFault, 'strike'> {
  const headers = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
  return onWire({ kind: 'answer', reply: `HTTP/1.1 ${status}\r\n${headers}\r\n${body}`, count: countPosts })
}

/** Over REST. */
export const restLimitFaults: Record<string, LimitFault> = {
  ...anyWire,
  'that answers 200 with a page of somebody else': { ...answers('200 OK', '<html>Please log in</html>'), ...WRONG },
  'that answers 200 with JSON that is no reply': { ...answers('200 OK', '{"result":"OK"}'), ...WRONG },
  'that answers 200 with too few replies': { ...answers('200 OK', '[]'), ...WRONG },
  'that answers 200 with what is no verdict': { ...answers('200 OK', '[{"result":[1,"x",null,2,3]}]'), ...WRONG },
  'that answers 200 with nothing': { ...answers('200 OK', ''), ...WRONG },
  'that answers 401': { ...answers('401 Unauthorized', '{"error":"Unauthorized"}'), ...UNAVAILABLE },
  'that answers 429': { ...answers('429 Too Many Requests', '{"error":"Too Many Requests"}'), ...UNAVAILABLE },
  'that answers 500': { ...answers('500 Internal Server Error', ''), ...UNAVAILABLE },
  'that answers LOADING': { ...answers('200 OK', '[{"error":"LOADING Redis is loading"}]'), ...UNAVAILABLE },
  'that answers OOM': { ...answers('200 OK', '[{"error":"OOM command not allowed"}]'), ...UNAVAILABLE },
  'that answers READONLY': { ...answers('200 OK', '[{"error":"READONLY You can\'t write"}]'), ...UNAVAILABLE },
}

const OWN_SERVER = { needs: 'own server' } as const

async function administer<Result>({ url }: StartedRedis, run: (admin: Redis) => Promise<Result>): Promise<Result> {
  const admin = new Redis(url)
  try {
    return await run(admin)
  } finally {
    admin.disconnect()
  }
}

/** What is done to a Redis itself, whatever stands before it. */
export const serverLimitFaults: Record<string, LimitFault> = {
  'whose server hangs (SIGSTOP)': {
    ...OWN_SERVER,
    codes: ['ERR_STORE_TIMEOUT'],
    opens: true,
    isSilent: true,
    async strike({ server }) {
      server.kill('SIGSTOP')
      return async () => server.kill('SIGCONT')
    },
  },
  'whose server is killed while it is asked': {
    ...OWN_SERVER,
    ...UNREACHABLE,
    async strike({ server, wire, take, adopt }) {
      server.kill('SIGSTOP')
      const before = wire.requests()
      take()
      while (wire.requests() === before) await new Promise((resolve) => setTimeout(resolve, 1))
      await server.stop()
      return async () => adopt(await startRedis({ port: server.port }))
    },
  },
  'whose server is out of memory': {
    ...OWN_SERVER,
    ...UNAVAILABLE,
    async strike({ server }) {
      await administer(server, (admin) => admin.config('SET', 'maxmemory', '1'))
      return () => administer(server, (admin) => admin.config('SET', 'maxmemory', '0'))
    },
  },
  'whose server became a replica': {
    ...OWN_SERVER,
    ...UNAVAILABLE,
    async strike({ server }) {
      const master = String(await freePort())
      await administer(server, (admin) => admin.call('REPLICAOF', '127.0.0.1', master))
      return () => administer(server, (admin) => admin.call('REPLICAOF', 'NO', 'ONE'))
    },
  },
}
