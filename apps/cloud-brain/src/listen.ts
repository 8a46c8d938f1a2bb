import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Config } from './config.ts'
import { codeOf } from './log-error.ts'
import { StartupError } from './startup-error.ts'

type Fetch = (request: Request, env: object) => Response | Promise<Response>

/** A server that listens. `moved`: the default port was taken and another one was found. */
export type Listening = {
  url: string
  port: number
  moved: boolean
  /** From now on each answer ends its connection, so that whoever keeps connections sends nothing into one that is about to close. */
  drain(): void
  /** Takes no connection more. `onLate` is called when what runs must come to an end now. */
  close(onLate?: () => void): Promise<void>
}

const CLOSE_TIMEOUT_MS = 3000
/** For what `onLate` has told to end. */
const LAST_WORDS_MS = 1000
/** Longer than proxies keep a connection that idles (Amazon's 60 s, Traefik 90, Caddy 120): the one that closes first must be the one that sends. */
const KEEP_ALIVE_MS = 125_000

/**
 * Listens on the configured address. A default port that is taken gives way to a free one.
 *
 * @throws StartupError when a port that was asked for by name is taken, or the address cannot be used
 */
export async function listen({ host, port }: Pick<Config, 'host' | 'port'>, fetch: Fetch): Promise<Listening> {
  // A request of HTTP/1.0, as load balancers send to see that we live, may name no host.
  const server = createAdaptorServer({ fetch, hostname: 'localhost' }) as Server
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const attempt = await bind(server, host, port.value)
  const moved = attempt === 'EADDRINUSE' && !port.chosen
  const code = moved ? await bind(server, host, 0) : attempt
  if (code !== undefined) throw new StartupError(toMessage(code, host, port.value))
  const address = server.address()
  const actual = typeof address === 'object' && address ? address.port : port.value
  return {
    url: `http://${toReachable(host)}:${actual}`,
    port: actual,
    moved,
    drain: () => drain(server),
    close: (onLate) => close(server, onLate),
  }
}

/** The code of the error that kept the server from listening, if any. */
function bind(server: Server, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const onError = (error: Error) => resolve(codeOf(error) ?? error.name)
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve(undefined)
    })
  })
}

function toMessage(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Cannot listen on port ${port}: it is in use; set PORT to another port, or leave it out to use any free one`
    case 'EACCES':
      return `Cannot listen on port ${port}: this user may not open it; set PORT to 1024 or more`
    default:
      return `Cannot listen on host ${host}: ${code}; set HOST to an address of this machine`
  }
}

function toReachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function drain(server: Server): void {
  server.prependListener('request', (_, response) => {
    response.shouldKeepAlive = false
  })
}

/** Lets the requests that are running end, but not for ever. */
function close(server: Server, onLate = () => {}): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(onLate, CLOSE_TIMEOUT_MS)
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS + LAST_WORDS_MS)
    server.close(() => {
      clearTimeout(late)
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}
