import { watch } from 'node:fs'
import { sourceHash } from '../build/source-hash.mjs'
import { startChild } from './child.mjs'

/** Editors write a file in several steps; a compiler writes several files, most of them as they were. */
const quietMs = 200

/**
 * The contents of the folders; undefined while something in them is being replaced.
 * @param {readonly string[]} folders
 */
function hashOf(folders) {
  try {
    return folders.map((folder) => sourceHash(folder, ['.'], [])).join()
  } catch {
    return undefined
  }
}

/**
 * Starts a child that, once it is ready, is stopped and started again whenever the contents of `folders` change. When it
 * crashes later it waits for the next change. It keeps the port of its first 'ready', so that its address stays the same.
 * @param {import('./child.mjs').ChildSpec} spec
 * @param {readonly string[]} folders with their subfolders
 */
export function startReloadingChild(spec, folders) {
  let child = startChild(spec)
  let loaded = hashOf(folders)
  let env = spec.env
  let stopping = false
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  /** @type {import('node:fs').FSWatcher[]} */
  let watchers = []
  let reloading = Promise.resolve()
  /** @type {(how: string) => void} */
  let end = () => undefined
  /** @type {Promise<string>} */
  const ending = new Promise((resolve) => {
    end = resolve
  })

  const reload = async () => {
    const hash = hashOf(folders)
    if (stopping || hash === undefined || hash === loaded) return
    loaded = hash
    spec.write(`[${spec.name}] a source has changed: restarting`)
    await child.stop(5_000)
    if (stopping) return
    child = startChild({ ...spec, env })
    tellWhenItEnds(child)
  }
  const reloadSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      reloading = reloading.then(reload)
    }, quietMs)
  }
  /** @param {import('./child.mjs').Child} current */
  const tellWhenItEnds = (current) => {
    current.ending.then((how) => {
      if (!current.isStopping()) spec.write(`[${spec.name}] ended with ${how}: waiting for a change`)
    })
  }

  return {
    title: spec.title,
    ending,
    isStopping: () => stopping,

    /** @param {number} withinMs */
    async ready(withinMs) {
      const message = await child.ready(withinMs)
      env = { ...env, PORT: new URL(String(message.url)).port }
      tellWhenItEnds(child)
      watchers = folders.map((folder) => watch(folder, { recursive: true }, reloadSoon))
      reloadSoon()
      return message
    },

    /** @param {number} graceMs */
    async stop(graceMs) {
      stopping = true
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
      await reloading
      await child.stop(graceMs)
      end('a request to stop')
    },

    kill() {
      stopping = true
      child.kill()
    },
  }
}
