import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Serves one request of one route as a platform of functions does: the built route's own handler, no server.mjs, and the process is stopped
 * in the moment when the answer and what was announced by `waitUntil` are done.
 */
const appDir = join(import.meta.dirname, '..')
process.chdir(appDir)
const route = createRequire(import.meta.url)(join(appDir, '.next/server/app', process.argv[2] ?? '', 'route.js'))
const server = createServer(async (request, response) => {
  /** @type {Promise<unknown>[]} */
  const announced = []
  const sent = new Promise((resolve) => response.once('close', resolve))
  await route.handler(request, response, { waitUntil: (/** @type {Promise<unknown>} */ work) => announced.push(work) })
  await sent
  await Promise.all(announced)
  process.kill(process.pid, 'SIGKILL')
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
})
