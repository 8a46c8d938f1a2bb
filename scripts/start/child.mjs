import { fork, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { passOutputOn } from './output.mjs'
import { StartError } from './start-error.mjs'

/**
 * @typedef {object} ChildSpec
 * @property {string} name short, in front of its lines, e.g. 'api'
 * @property {string} title in messages, e.g. 'the API'
 * @property {string} module the script, absolute
 * @property {readonly string[]} [args]
 * @property {readonly string[]} [nodeOptions]
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {string} logFile
 * @property {(line: string) => void} write
 * @property {(line: string) => string | undefined} [notice] what of a line of its standard output goes to the terminal
 * @property {(line: string) => boolean} [isSecret] lines that are neither logged nor shown
 * @property {boolean} [ipc] whether it reports by messages; default true
 */

/** @typedef {ReturnType<typeof startChild>} Child */

/** @param {ChildSpec} spec */
function launch({ module, args = [], nodeOptions = [], cwd, env, ipc = true }) {
  // A group of its own: Ctrl-C in the terminal reaches this program only, which then stops its children in order.
  const options = { cwd, env, detached: true }
  return ipc
    ? fork(module, [...args], { ...options, execArgv: [...nodeOptions], silent: true })
    : spawn(process.execPath, [...nodeOptions, module, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group is gone already.
  }
}

/**
 * Starts a Node.js script as a child with a process group, a log file and a name of its own.
 * @param {ChildSpec} spec
 */
export function startChild(spec) {
  const child = launch(spec)
  const { closed } = passOutputOn(child, spec)
  let stopping = false
  let gone = false

  /** @type {Promise<string>} how it ended, e.g. 'exit code 1', once its last line has been passed on */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`))
  })
  const ending = ended.then(async (how) => {
    gone = true
    killGroup(child.pid)
    // A grandchild that left the group may hold the pipes open.
    await Promise.race([closed, delay(500, undefined, { ref: false })])
    return how
  })

  return {
    title: spec.title,
    ending,
    isStopping: () => stopping,

    /**
     * The first message of type 'ready'. Rejects with {@link StartError} when the child ends first or takes too long.
     * @param {number} withinMs
     * @returns {Promise<Record<string, unknown>>}
     */
    ready(withinMs) {
      const failed = (/** @type {string} */ reason) =>
        new StartError(`Cannot start ${spec.title}: ${reason}; log: ${spec.logFile}`)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(failed(`it was not ready within ${withinMs / 1000} s`)), withinMs)
        child.on('message', (message) => {
          if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'ready')
            return
          clearTimeout(timer)
          resolve({ ...message })
        })
        ending.then((how) => {
          clearTimeout(timer)
          reject(failed(`it ended with ${how}`))
        })
      })
    },

    /**
     * Asks the child to end, and ends its whole group after `graceMs`.
     * @param {number} graceMs
     */
    async stop(graceMs) {
      stopping = true
      if (!gone) child.kill('SIGTERM')
      const timer = setTimeout(() => killGroup(child.pid), graceMs)
      await ending
      clearTimeout(timer)
    },

    /** Ends the whole group now. */
    kill() {
      stopping = true
      if (!gone) killGroup(child.pid)
    },
  }
}
