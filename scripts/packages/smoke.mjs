/**
 * Runs inside an empty project in which the packed packages are installed, on any version of Node.js: every entry point but that of
 * OpenTelemetry imports without its peers, a read misses and then hits, an invalidation holds, a limit refuses. Prints one line, or throws.
 */
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** @param {string} name */
const manifestOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))

const entries = ['millpond', 'millpond-rest'].flatMap((name) =>
  Object.keys(manifestOf(name).exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1)),
)
const peers = Object.keys(manifestOf('millpond').peerDependencies)
/** @type {string[]} */
const needPeers = []
for (const entry of entries) {
  try {
    assert.ok(Object.keys(await import(entry)).length > 0, `${entry} exports nothing`)
  } catch (error) {
    // An adapter of a package that is not installed here: it must say which.
    if (!peers.some((peer) => error instanceof Error && error.message.includes(`'${peer}'`))) throw error
    needPeers.push(entry)
  }
}
assert.deepEqual(needPeers, ['millpond/opentelemetry'])

const { createCache, createLimiter, slidingWindow } = await import('millpond')
const { memory } = await import('millpond/memory')
const store = memory()
const cache = createCache({ store, namespace: 'smoke' })
let loads = 0
const counted = cache.define({ name: 'counted', ttl: '5m', tags: () => ['all'], load: async () => ++loads })
assert.equal((await counted.get()).status, 'miss')
assert.equal((await counted.get()).status, 'hit')
await cache.invalidate(['all'])
assert.deepEqual((await counted.get()).value, 2)

const limiter = createLimiter({
  store,
  policies: { p: slidingWindow({ limit: 1, window: '1m', onUnavailable: 'closed' }) },
})
assert.equal((await limiter.limit('p', 'a')).allowed, true)
assert.equal((await limiter.limit('p', 'a')).status, 'refused')

const help = execFileSync(process.execPath, ['node_modules/.bin/millpond-rest', '--help'], { encoding: 'utf8' })
assert.match(help, /--redis/)
console.log(
  `${process.version}: ${entries.length - needPeers.length} entry points without their peers, a cache, a limiter and the command line work`,
)
