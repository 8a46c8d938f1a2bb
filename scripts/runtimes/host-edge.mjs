/** Runs beside an installed edge-runtime or miniflare: `host-edge.mjs RUNTIME BUNDLE QUERY`. Prints what the bundle answers. */
import { readFileSync } from 'node:fs'

const [runtime, bundle = '', query = ''] = process.argv.slice(2)
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
 * A name that is found in the project where this runs, not in the repository.
 * @param {string} name
 */
function installed(name) {
  return name
}

/** @type {Response} */
const response = await (runtime === 'workerd' ? askWorkerd() : askEdgeRuntime())
console.log(await response.text())
process.exit(response.ok ? 0 : 1)
