/** `npm start`: runs the whole system on this machine until Ctrl-C. `npm start -- --help` lists the options. */
import { dirname, join, resolve } from 'node:path'
import { repositoryRoot } from './build/repository-root.mjs'
import { readOptions, usage } from './start/options.mjs'
import { runSystem } from './start/run-system.mjs'
import { StartError } from './start/start-error.mjs'
import { createSupervisor } from './start/supervisor.mjs'

/** A second Ctrl-C means "now"; one signal may arrive twice, from the terminal and from npm. */
const impatientAfterMs = 1_000

const stopRequested = Symbol('stop requested')

/** @param {string} line */
const write = (line) => void process.stdout.write(`${line}\n`)

/** @param {ReturnType<typeof createSupervisor>} supervisor */
function stopOnSignals(supervisor) {
  let firstAt = Number.POSITIVE_INFINITY
  const stop = () => {
    if (performance.now() - firstAt > impatientAfterMs) supervisor.killAll()
    if (firstAt === Number.POSITIVE_INFINITY) write('\nStopping …')
    firstAt = Math.min(firstAt, performance.now())
    supervisor.interrupt(stopRequested)
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, stop)
  if (process.env.npm_lifecycle_event !== undefined) stopWithoutParent(stop)
}

/**
 * npm passes a signal on to its shell, not to what the shell runs: without this, ending npm would leave everything running.
 * @param {() => void} stop
 */
function stopWithoutParent(stop) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 500)
  timer.unref()
}

/** @param {unknown} error */
function report(error) {
  console.error(error instanceof StartError ? error.message : error)
  process.exitCode = 1
}

async function main() {
  const options = readOptions(process.argv.slice(2), process.env, repositoryRoot)
  if (options.help) return write(usage)
  const runFile = resolve(process.env.MILLPOND_RUN_FILE || join(repositoryRoot, '.millpond', 'run.json'))
  const logFolder = join(dirname(runFile), 'logs')
  const supervisor = createSupervisor()
  stopOnSignals(supervisor)
  // Whatever ends this process, an error nobody foresaw included, takes its children with it.
  process.on('exit', () => supervisor.killAll())
  const reason = await runSystem(
    { root: repositoryRoot, env: process.env, logFolder, write, options },
    supervisor,
    runFile,
  ).catch((error) => error)
  if (reason !== stopRequested) report(reason)
  await supervisor.stopAll()
  if (reason === stopRequested) write('Stopped.')
}

// A terminal that is closed must not turn into an error while everything is being stopped.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
await main().catch(report)
