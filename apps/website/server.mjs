import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import next from 'next'

/**
 * Runs the site. It exists because Next hides the socket: the visitor's address is put into a header here, and what a
 * client sent under that name is removed. Everything else is Next's and src/lib/runtime.ts's.
 *
 * As a child process with an IPC channel it sends `{ type: 'ready', url, store }` and stops when the channel closes.
 *
 * @typedef {import('./src/lib/runtime.ts').Started} Started
 * @typedef {import('./src/lib/runtime.ts').Boot} Boot
 */

const appDir = import.meta.dirname
const isDev = process.argv.includes('--dev')
const socketAddressHeader = 'x-headwater-socket-address'
const startDeadlineMs = 120_000
const stopDeadlineMs = 5_000
/** Of requests that run when the port closes. */
const finishMs = 3_000
/** Longer than proxies keep a connection that idles (Amazon's 60 s, Traefik 90, Caddy 120): the one that closes first must be the one that sends. */
const keepAliveMs = 125_000

process.env.NEXT_TELEMETRY_DISABLED = '1'

/** @type {(() => Promise<void>)[]} what to do before the process ends, last first */
const closers = []
let isStopping = false
/** For how long it serves on after a signal to stop, so that a balancer sees that it is not ready. */
let drainMs = 0

/** @param {number} code */
async function stop(code) {
  if (isStopping) return
  isStopping = true
  if (code === 0) await delay(drainMs)
  setTimeout(() => process.exit(1), stopDeadlineMs).unref()
  for (const close of closers.reverse()) await close().catch(() => {})
  process.exit(code)
}

/** @param {readonly string[]} messages */
async function fail(messages) {
  for (const message of messages) console.error(message)
  await stop(1)
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error))

/** @param {unknown} error its kind and where it came from; its words may be a person's */
function whereOf(error) {
  if (!(error instanceof Error)) return typeof error
  return [error.name, ...(error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []).slice(0, 4)]
    .map((line) => line.trim())
    .join(' ')
}

/** @param {unknown} reason Next's pages leave such behind where they had no use for a promise, so it is no reason to end. */
const onRejection = (reason) => console.error(`Nobody handled a rejection: ${whereOf(reason)}`)

/** Next prints such an error with all its words, and goes on in whatever state it left. */
function watchErrors() {
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => fail([`The site ends, nobody handled an error: ${whereOf(error)}`]))
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', onRejection)
}

/** Lets the site's instrumentation, which runs inside Next, tell how the start came out. @returns {Promise<Started>} */
function whenStarted() {
  return new Promise((resolve, reject) => {
    /** @type {Boot} */
    const boot = { appDir, onStarted: resolve }
    Reflect.set(globalThis, Symbol.for('headwater.boot'), boot)
    setTimeout(() => reject(new Error('its instrumentation did not run')), startDeadlineMs).unref()
  })
}

/** @param {import('node:http').Server} server */
function closeServer(server) {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  // What is still being answered gets a moment; an open connection that asks for nothing does not.
  setTimeout(() => server.closeAllConnections(), finishMs).unref()
  return closed
}

/**
 * @param {import('node:http').Server} server
 * @param {{ host: string, port: { number: number, explicit: boolean } }} wish
 * @returns {Promise<number>} the port it listens on
 */
async function listen(server, { host, port }) {
  try {
    await new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port.number, host, () => resolve(undefined))
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
    if (code !== 'EADDRINUSE' || port.explicit) throw new Error(toListenFault(code, { host, port: port.number }))
    console.log(`Port ${port.number} is in use: taking a free one`)
    return listen(server, { host, port: { number: 0, explicit: true } })
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port.number
}

/** @param {string} code @param {{ host: string, port: number }} wish */
function toListenFault(code, { host, port }) {
  if (code === 'EADDRINUSE') return `Cannot listen on port ${port}: it is in use; set PORT to another one`
  if (code === 'EACCES') return `Cannot listen on port ${port}: this user may not open it; set PORT to 1024 or more`
  return `Cannot listen on host ${host}: ${code}; set HOST to an address of this machine`
}

/** @param {string} host the address to call for a server that listens on `host` */
function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/**
 * @param {import('node:http').IncomingMessage} request
 */
function setSocketAddress(request) {
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-headwater-')) delete request.headers[name]
  }
  const { remoteAddress } = request.socket
  if (remoteAddress !== undefined) request.headers[socketAddressHeader] = remoteAddress
}

/** @param {import('node:http').ServerResponse} response */
function answerStopping(response) {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  return response.writeHead(503, headers).end(JSON.stringify({ status: 'stopping' }))
}

/** @param {ReturnType<typeof next>} app @returns {import('node:http').RequestListener} */
function toListener(app) {
  const handle = app.getRequestHandler()
  /** @type {AsyncLocalStorage<import('node:http').ServerResponse>} by which src/lib/page-status.ts finds the response of a page */
  const responses = new AsyncLocalStorage()
  Reflect.set(globalThis, Symbol.for('headwater.responses'), responses)
  return (request, response) => {
    // Next can make no request of it, and would answer 500.
    if (request.method === 'TRACE') return response.writeHead(405, { Allow: 'GET, HEAD, POST' }).end()
    if (isStopping) {
      // Whoever keeps connections sends nothing into one that is about to close.
      response.shouldKeepAlive = false
      if (request.url === '/readyz') return answerStopping(response)
    }
    setSocketAddress(request)
    const handled = responses.run(response, () => handle(request, response))
    handled.catch((error) => {
      console.error(`Cannot answer a request: ${messageOf(error)}`)
      if (!response.headersSent) response.statusCode = 500
      response.end()
    })
  }
}

/** @param {string} url */
async function expectAnswer(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(startDeadlineMs) })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`Cannot serve the home page: it answered ${response.status}`)
}

async function start() {
  if (!isDev && !existsSync(join(appDir, '.next', 'BUILD_ID'))) {
    return fail(['Cannot start the site: it is not built. Run "npm run build -w apps/website" first'])
  }
  const whenDone = whenStarted()
  const server = createServer({ keepAliveTimeout: keepAliveMs })
  const app = next({ dev: isDev, dir: appDir, httpServer: server, quiet: true })
  closers.push(() => app.close())
  // Under this name Next looks whether somebody listens already, again with each page that it loads.
  if (!isDev) Reflect.set(globalThis, Symbol.for('next.unhandledRejectionListener'), onRejection)
  await app.prepare()
  if (!isDev) watchErrors()
  const started = await whenDone
  if (started.status === 'failed') return fail(started.messages)
  const { runtime, storeLine } = started
  closers.push(() => runtime.close())
  server.on('request', toListener(app))
  const port = await listen(server, runtime.config)
  drainMs = runtime.config.drainSeconds * 1_000
  closers.push(() => closeServer(server).then(() => {}))
  // First of all: the server would wait for streams that nobody ends.
  closers.push(async () => runtime.figuresStreams.close())
  const url = `http://${reachable(runtime.config.host)}:${port}`
  // Before the first answer, which already names the site's address.
  runtime.serveAt(url)
  await expectAnswer(`${url}/`)
  console.log(`Headwater is at ${url}, store: ${storeLine}`)
  process.send?.({ type: 'ready', url, store: runtime.store.kind })
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(0))
process.on('disconnect', () => stop(0))
start().catch((error) => fail([messageOf(error)]))
