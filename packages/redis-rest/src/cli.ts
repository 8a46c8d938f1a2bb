import { readFileSync } from 'node:fs'
import { type Config, help, readConfig } from './config.ts'
import { createServer, type RestServer, type ServerEvent } from './server.ts'

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function describeServer(server: RestServer) {
  const { kind, pid, url } = server.engine
  return { url: server.url, token: server.token, redis: { kind, pid, port: Number(new URL(url).port || 6379) } }
}

function readyText(server: RestServer, isOwnToken: boolean, data: string | undefined): string {
  const { kind, pid, url } = server.engine
  const place = data === undefined ? 'in memory only' : `data in ${data}`
  const redis = kind === 'child' ? `${url} (started here, process ${pid}, ${place})` : url
  const token = isOwnToken ? '(the one you gave)' : server.token
  return `millpond-rest in front of ${redis}\n\nUPSTASH_REDIS_REST_URL=${server.url}\nUPSTASH_REDIS_REST_TOKEN=${token}\n`
}

function describeTrouble(event: ServerEvent): string | undefined {
  switch (event.type) {
    case 'engine-lost':
      return `Redis is away (${event.reason}); requests are answered with an error until it is back`
    case 'engine-unreachable':
      return `Cannot reach Redis (${event.reason}); requests are answered with an error until it is there`
    case 'child-ended':
      return `redis-server (process ${event.pid}) ended; starting it again in ${event.restartInMs} ms`
    case 'child-failed':
      return `${event.message}; trying again in ${event.restartInMs} ms`
    case 'engine-ready':
    case 'child-started':
      return undefined
    default:
      return event satisfies never
  }
}

/** Trouble goes to standard error, so that standard output keeps its one line. */
function reportEvent(event: ServerEvent): void {
  const trouble = describeTrouble(event)
  if (trouble !== undefined) console.error(`millpond-rest: ${trouble}`)
}

function stopOnSignals(server: RestServer): void {
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  if (process.send === undefined) return
  process.on('disconnect', stop)
  if (!process.connected) stop()
}

async function serve(config: Extract<Config, { kind: 'serve' }>): Promise<void> {
  const server = await createServer({ ...config, onEvent: reportEvent })
  stopOnSignals(server)
  if (config.redisTls?.insecure === true) {
    const { url } = server.engine
    console.error(
      `millpond-rest: The certificate of ${url} is not checked (--redis-tls-insecure): anyone may answer there`,
    )
  }
  const description = describeServer(server)
  process.stdout.write(
    config.json ? `${JSON.stringify(description)}\n` : readyText(server, config.token !== undefined, config.data),
  )
  process.send?.({ type: 'ready', ...description })
}

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env)
  switch (config.kind) {
    case 'help':
      return void process.stdout.write(help)
    case 'version':
      return void process.stdout.write(`${readVersion()}\n`)
    case 'serve':
      return serve(config)
    default:
      return config satisfies never
  }
}

main().catch((error: unknown) => {
  console.error(`millpond-rest: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
