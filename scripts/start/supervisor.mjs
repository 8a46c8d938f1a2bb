import { StartError } from './start-error.mjs'

/** How long a child may take to end by itself before its whole process group is killed. */
const graceMs = 8_000

/**
 * A running part of the system, as startChild and startReloadingChild make them.
 * @typedef {object} Part
 * @property {string} title
 * @property {Promise<string>} ending resolves, with how it ended, when it is gone
 * @property {() => boolean} isStopping
 * @property {(graceMs: number) => Promise<void>} stop
 * @property {() => void} kill
 */

/**
 * Keeps the parts of the system together: one that ends unasked makes everything that waits here fail, and all of them are
 * stopped in the opposite order of their start.
 */
export function createSupervisor() {
  /** @type {Part[]} */
  const parts = []
  /** @type {(error: unknown) => void} */
  let end = () => undefined
  /** @type {Promise<never>} */
  const ended = new Promise((_, reject) => {
    end = reject
  })
  ended.catch(() => undefined)

  return {
    /** Rejects when a part ends unasked, or with what was given to `interrupt`. */
    ended,

    /**
     * Makes `ended`, and all that waits through `orEnd`, reject with this.
     * @param {unknown} reason
     */
    interrupt: (reason) => end(reason),

    /**
     * Waits for the promise, or rejects as soon as the system ends.
     * @template T
     * @param {Promise<T>} promise
     * @returns {Promise<T>}
     */
    orEnd: (promise) => Promise.race([promise, ended]),

    /**
     * Takes the part into the list of what is stopped.
     * @template {Part} T
     * @param {T} part
     * @returns {T}
     */
    add(part) {
      parts.push(part)
      return part
    },

    /**
     * From now on the end of this part is the end of the system.
     * @param {Part} part
     */
    watch(part) {
      part.ending.then((how) => {
        if (!part.isStopping()) end(new StartError(`Stopping: ${part.title} ended unexpectedly with ${how}`))
      })
    },

    async stopAll() {
      for (const part of parts.toReversed()) await part.stop(graceMs)
    },

    killAll() {
      for (const part of parts) part.kill()
    },
  }
}
