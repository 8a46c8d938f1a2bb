import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildables } from '../build/buildables.mjs'
import { withProgress } from '../progress.mjs'
import { startChild } from './child.mjs'
import { startReloadingChild } from './reloading-child.mjs'
import { StartError } from './start-error.mjs'

const readyWithinMs = 120_000

/**
 * @typedef {object} System
 * @property {import('./parts.mjs').Surroundings} surroundings
 * @property {ReturnType<typeof import('./supervisor.mjs').createSupervisor>} supervisor
 * @property {ReturnType<typeof import('./parts.mjs').createParts>} parts
 */

/**
 * Starts a part, waits until it says that it is ready, and makes its end the end of the system.
 * @param {System} system
 * @param {ReturnType<typeof startChild> | ReturnType<typeof startReloadingChild>} child
 */
async function untilReady({ supervisor, surroundings }, child) {
  supervisor.add(child)
  const message = await withProgress(`Starting ${child.title}`, () => supervisor.orEnd(child.ready(readyWithinMs)), {
    write: surroundings.write,
  })
  supervisor.watch(child)
  return message
}

/**
 * @param {System} system
 * @param {import('./choose-store.mjs').StoreChoice} choice
 * @returns {Promise<{ kind: 'upstash' | 'redis' | 'memory', words: string, rest?: { url: string, token: string }, redis?: { pid: number, port: number } }>}
 */
export async function startStore(system, choice) {
  switch (choice.kind) {
    case 'memory':
      return { kind: 'memory', words: 'memory of each process (no redis-server is used)' }
    case 'upstash':
      return { kind: 'upstash', words: `Upstash, ${new URL(choice.url).host}`, rest: choice }
    case 'redis': {
      const ready = await untilReady(system, startChild(system.parts.store()))
      const { pid, port } = /** @type {{ pid: number, port: number }} */ (ready.redis)
      const rest = { url: String(ready.url), token: String(ready.token) }
      return {
        kind: 'redis',
        words: `${choice.program} on port ${port}, through ${rest.url}`,
        rest,
        redis: { pid, port },
      }
    }
  }
}

/** @param {System} system */
export function startCompilers({ surroundings, supervisor, parts }) {
  for (const { folder, stamp } of [buildables.millpond, buildables['millpond-rest']]) {
    // What is compiled from now on is not what the stamp says.
    rmSync(join(surroundings.root, folder, stamp), { force: true })
    supervisor.watch(supervisor.add(startChild(parts.compiler(folder.replace('packages/', '')))))
  }
}

/**
 * @param {System} system
 * @param {{ url: string, token: string } | undefined} store
 */
export async function startApi(system, store) {
  const { root, options } = system.surroundings
  const spec = system.parts.api(store)
  const folders = [join(root, 'apps', 'cloud-brain', 'src'), join(root, 'packages', 'millpond', 'dist')]
  const ready = await untilReady(system, options.dev ? startReloadingChild(spec, folders) : startChild(spec))
  return { url: String(ready.url), token: String(ready.token), docs: String(ready.docs ?? `${ready.url}/docs`) }
}

/**
 * @param {System} system
 * @param {{ url: string, token: string }} api
 */
export async function seed({ surroundings, supervisor, parts }, api) {
  if (!surroundings.options.seed) return
  const child = supervisor.add(startChild(parts.seed(api.url, api.token)))
  const finish = async () => {
    const how = await supervisor.orEnd(child.ending)
    if (how !== 'exit code 0') throw new StartError(`Cannot send the demo data: it ended with ${how}`)
  }
  await withProgress('Sending the demo data', finish, { write: surroundings.write })
}

/**
 * @param {System} system
 * @param {{ url: string, token: string } | undefined} store
 * @param {string} apiUrl
 * @returns {Promise<string>} where the site is
 */
export async function startSite(system, store, apiUrl) {
  const ready = await untilReady(system, startChild(system.parts.site(store, apiUrl)))
  return String(ready.url)
}
