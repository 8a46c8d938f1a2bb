/**
 * `npm run image [-- APP]`: builds the image of an app without Docker, of Cloud Brain unless told otherwise. It follows the Dockerfile in an empty folder of this machine, starts
 * the result with the image's environment and the least that a host must set, waits for the image's own health check, and stops it as
 * a host does. Takes one to two minutes and the packages from the registry. Ends with 1 when a step fails.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repositoryRoot } from './build/repository-root.mjs'
import { buildStages } from './image/build-stages.mjs'
import { images } from './image/images.mjs'

const START_PERIOD_MS = 30_000

const [app = 'cloud-brain'] = process.argv.slice(2)
const wanted = images[app]
if (wanted === undefined) {
  console.error(`Cannot build an image: the app must be one of ${Object.keys(images).join(', ')}, received "${app}"`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), `${app}-image-`))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))

/** Only what git knows or would take: the build must not lean on what happens to lie about here. */
function copyContext() {
  const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  const context = join(folder, 'context')
  for (const path of stdout.split('\0').filter((name) => name !== '' && existsSync(join(repositoryRoot, name))))
    cpSync(join(repositoryRoot, path), join(context, path))
  return context
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

/** @param {string} path @returns {number} the bytes of the files below it; links are not followed */
function sizeOf(path) {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** What is in the image outside of its DATA_DIR. @param {import('./image/build-stages.mjs').Built} image @returns {string} */
function filesOf({ root, env }) {
  const data = join(env.DATA_DIR ?? '', '/').slice(1)
  const names = readdirSync(root, { recursive: true }).map(String)
  return names
    .filter((name) => !name.startsWith(data))
    .sort()
    .join('\n')
}

const image = buildStages({
  dockerfile: readFileSync(join(repositoryRoot, 'apps', app, 'Dockerfile'), 'utf8'),
  context: copyContext(),
  folder,
  tell: (line) => console.log(line.length > 120 ? `${line.slice(0, 117)}...` : line),
})
console.log(`\nThe image has ${Math.round(sizeOf(join(image.root, image.workdir)) / 1e6)} MB besides Node.js`)

const cwd = join(image.root, image.workdir)
const env = {
  PATH: process.env.PATH,
  ...image.env,
  DATA_DIR: join(image.root, image.env.DATA_DIR ?? ''),
  HOST: '127.0.0.1',
  PORT: String(await freePort()),
  ...wanted.env,
}
const before = filesOf(image)
const [program = '', ...args] = image.cmd
const child = spawn(program, args, { cwd, env, stdio: 'inherit' })
process.on('exit', () => child.kill('SIGKILL'))

const until = Date.now() + START_PERIOD_MS
const [checker = '', ...checkArgs] = image.health
/** @returns {boolean} what the image's health check says */
const isHealthy = () => spawnSync(checker, checkArgs, { cwd, env }).status === 0
while (!isHealthy() && Date.now() < until && child.exitCode === null) await delay(500)

/** @type {[string, boolean][]} */
const findings = [['its health check passes', child.exitCode === null && isHealthy()]]
for (const [what, path] of wanted.paths) {
  const answer = await fetch(`http://127.0.0.1:${env.PORT}${path}`).catch(() => undefined)
  findings.push([what, answer?.status === 200])
}
const ended = once(child, 'exit')
child.kill('SIGTERM')
const [code] = child.exitCode === null ? await ended : [child.exitCode]
for (const [what, holds] of [
  ...findings,
  ['it ends with 0 on SIGTERM', code === 0],
  ['it writes nothing outside of DATA_DIR', filesOf(image) === before],
]) {
  console.log(`${holds ? 'yes' : 'NO '} ${what}`)
  if (!holds) process.exitCode = 1
}
