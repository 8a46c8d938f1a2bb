/** Runs beside an installed edge-runtime or miniflare: `host-edge.mjs RUNTIME BUNDLE QUERY [WORKER]`. Prints what the bundle answers, and proves that requests of the worker may end at any time. */
import { readFileSync } from 'node:fs'

const [runtime, bundle = '', query = '', worker] = process.argv.slice(2)
const address = `http://edge.test/?${query}`
const script = readFileSync(bundle, 'utf8')

async function askEdgeRuntime() {
  const { EdgeRuntime } = await import(installed('edge-runtime'))
  return new EdgeRuntime({ initialCode: script }).dispatchFetch(address)
}

async function askWorkerd() {
  const { Miniflare } = await import(installed('miniflare'))
  return new Miniflare({ script, compatibilityDate: '2026-04-01' }).dispatchFetch(address)
}

/**
 * Requests that end before their work does leave no other waiting.
 * @param {string} path
 */
async function leaveRequests(path) {
  const { Miniflare } = await import(installed('miniflare'))
  const given = new URLSearchParams(query)
  const bindings = { UPSTASH_REDIS_REST_URL: given.get('url'), UPSTASH_REDIS_REST_TOKEN: given.get('token') }
  const module = { modules: true, script: readFileSync(path, 'utf8'), compatibilityDate: '2026-04-01', bindings }
  const server = new Miniflare(module)
  for (const left of ['leave-at-once', 'leave-loading', 'leave-at-once']) {
    await (await server.dispatchFetch(`http://edge.test/${left}`)).text()
  }
  const reads = ['read', 'read', 'read'].map((path) => server.dispatchFetch(`http://edge.test/${path}`))
  const answers = await Promise.all((await Promise.all(reads)).map((answer) => answer.json()))
  for (const answer of answers) {
    if (answer.limit === 'allowed' && answer.value === 1 && answer.loads === 1) continue
    throw new Error(`a request that was left took others with it: ${JSON.stringify(answers)}`)
  }
  return 'requests that end leave no other waiting'
}

/**
 * A name that is found in the project where this runs, not in the repository.
 * @param {string} name
 */
function installed(name) {
  return name
}

/** @type {Response} */
const response = await (runtime === 'workerd' ? askWorkerd() : askEdgeRuntime())
const text = await response.text()
console.log(worker && response.ok ? `${text}; ${await leaveRequests(worker)}` : text)
process.exit(response.ok ? 0 : 1)
