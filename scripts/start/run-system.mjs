import { mkdirSync } from 'node:fs'
import { relative } from 'node:path'
import { chooseStore, findOnPath } from './choose-store.mjs'
import { createParts } from './parts.mjs'
import { removeOwnRunFile, removeStaleRunFile, writeRunFile } from './run-file.mjs'
import { seed, startApi, startCompilers, startSite, startStore } from './start-parts.mjs'
import { toSummaryText } from './summary.mjs'

const defaultPorts = { api: '8787', site: '3000' }

/**
 * Starts the store, the API, the demo data and the site, announces them, and waits until something ends the system.
 * Rejects with that reason; stopping the parts is the caller's business.
 * @param {import('./parts.mjs').Surroundings} surroundings
 * @param {ReturnType<typeof import('./supervisor.mjs').createSupervisor>} supervisor
 * @param {string} runFile
 */
export async function runSystem(surroundings, supervisor, runFile) {
  const { root, options, write, logFolder } = surroundings
  const system = { surroundings, supervisor, parts: createParts(surroundings) }
  const choice = chooseStore(surroundings.env, { memoryOnly: options.memoryOnly, findProgram: findOnPath })
  removeStaleRunFile(runFile)
  mkdirSync(options.dataFolder, { recursive: true })
  if (options.dev) startCompilers(system)
  const store = await startStore(system, choice)
  const api = await startApi(system, store.rest)
  const [site] = await Promise.all([startSite(system, store.rest, api.url), seed(system, api)])
  try {
    const { token } = api
    writeRunFile(runFile, { site, api: api.url, token, store: store.kind, pid: process.pid, redis: store.redis })
    write(
      toSummaryText({
        site,
        api: api.url,
        docs: api.docs,
        token,
        store: store.words,
        sendsMail: Boolean(surroundings.env.RESEND_API_KEY),
        logs: relative(root, logFolder).startsWith('..') ? logFolder : relative(root, logFolder),
        date: new Date().toISOString().slice(0, 10),
        apiMoved: options.apiPort === undefined && new URL(api.url).port !== defaultPorts.api,
        siteMoved: options.sitePort === undefined && new URL(site).port !== defaultPorts.site,
      }),
    )
    await supervisor.ended
  } finally {
    removeOwnRunFile(runFile)
  }
}
