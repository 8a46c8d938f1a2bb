import { readConfig } from './config.ts'
import { toLogError } from './log-error.ts'
import { createLogger } from './logger.ts'
import { type Service, startService } from './service.ts'
import { StartupError } from './startup-error.ts'

const config = attempt(() => readConfig(process.env, process.cwd()))
const logger = createLogger(config.logLevel)
if (config.production) process.on('uncaughtException', crash)
const starting = { SIGINT: () => process.exit(130), SIGTERM: () => process.exit(143) }
// By itself the system ends a process so, but not the first one of a container.
for (const [signal, end] of Object.entries(starting)) process.on(signal, end)
const service = await startService(config, logger).catch(fail)

for (const [signal, end] of Object.entries(starting)) process.off(signal, end).on(signal, stop)
announce(service)

/** Tells the parent process, the person at the terminal, or the log. */
function announce({ url, token, store, moved }: Service): void {
  if (process.send) {
    process.on('disconnect', stop)
    process.send({ type: 'ready', url, token, store, docs: `${url}/docs` })
  }
  if (config.production) {
    logger.info({ url, store, moved }, 'Cloud Brain is ready')
    return
  }
  if (moved) console.log(`Port ${config.port.value} is in use, so Cloud Brain listens on another one: ${url}`)
  // A parent that took our output prints what people need to know; a watcher that only restarts us does not.
  if (process.send && !process.stdout.isTTY) return
  console.log(`Cloud Brain  ${url}`)
  console.log(`Docs         ${url}/docs`)
  console.log(`Store        ${store}`)
  if (token) console.log(`Demo token   ${token}`)
}

let stopping = false

function stop(): void {
  if (stopping) return
  stopping = true
  service.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}

function attempt<Result>(action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    return fail(error)
  }
}

/**
 * Also for a rejection that nobody handled. Node's own words are no line of JSON, and may hold what a query was asked with; in development
 * they are left to it.
 */
function crash(error: unknown): never {
  logger.fatal({ err: toLogError(error) }, 'Cloud Brain ends: nobody handled this error')
  process.exit(1)
}

/** A fault at start is told in words; only one that nobody foresaw names its kind. */
function fail(error: unknown): never {
  if (error instanceof StartupError) console.error(error.message)
  else console.error(`Cannot start Cloud Brain: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`)
  process.exit(1)
}
