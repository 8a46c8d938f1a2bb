import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { basename, join, posix } from 'node:path'
import { CommandError } from '../build/run-npm.mjs'
import { readCopy, readDockerfile, readEnv } from './read-dockerfile.mjs'

/**
 * What came out of a stage. `root` is the folder that stands for `/`.
 * @typedef {object} Built
 * @property {string} root
 * @property {string} workdir
 * @property {Readonly<Record<string, string>>} env
 * @property {readonly string[]} cmd
 * @property {readonly string[]} health
 */

/**
 * Follows the instructions of a Dockerfile on this machine: every stage is a folder below `folder`, `context` is what COPY takes from.
 * What only the container's own system can do is left out: the base image is this machine's Node.js, and there is one user.
 * @param {{ dockerfile: string, context: string, folder: string, tell(line: string): void }} options
 * @returns {Built} the last stage
 * @throws TypeError when it asks for what is not there, {@link CommandError} when a command fails
 */
export function buildStages({ dockerfile, context, folder, tell }) {
  /** @type {Map<string, Built>} */
  const done = new Map()
  /** @type {Built | undefined} */
  let last
  for (const { name, base, instructions } of readDockerfile(dockerfile)) {
    const root = join(folder, name)
    const below = done.get(base)
    mkdirSync(root, { recursive: true })
    if (below) cpSync(below.root, root, { recursive: true, verbatimSymlinks: true })
    /** @type {Built} */
    let built = { workdir: '/', env: {}, cmd: [], health: [], ...below, root }
    for (const { name: instruction, rest } of instructions) {
      tell(`${instruction} ${rest}`)
      built = { ...built, ...follow(instruction, rest, { built, done, context }) }
    }
    done.set(name, built)
    last = built
  }
  if (!last) throw new TypeError('Cannot build: the Dockerfile must have a FROM')
  return last
}

/**
 * @param {string} instruction
 * @param {string} rest
 * @param {{ built: Built, done: ReadonlyMap<string, Built>, context: string }} state
 * @returns {Partial<Built>} what it changed
 */
function follow(instruction, rest, { built, done, context }) {
  switch (instruction) {
    case 'WORKDIR': {
      const workdir = posix.resolve(built.workdir, rest)
      mkdirSync(join(built.root, workdir), { recursive: true })
      return { workdir }
    }
    case 'ENV':
      return { env: { ...built.env, ...readEnv(rest) } }
    case 'COPY':
      copy(rest, { built, done, context })
      return {}
    case 'RUN':
      run(rest, built)
      return {}
    case 'CMD':
      return { cmd: JSON.parse(rest) }
    case 'HEALTHCHECK':
      return { health: JSON.parse(rest.replace(/^.*?CMD\s+/, '')) }
    case 'USER':
    case 'EXPOSE':
      return {}
    default:
      throw new TypeError(`Cannot build: ${instruction} is not followed here`)
  }
}

/** @param {string} rest @param {{ built: Built, done: ReadonlyMap<string, Built>, context: string }} state */
function copy(rest, { built, done, context }) {
  const { from, sources, target } = readCopy(rest)
  const origin = from === undefined ? context : done.get(from)?.root
  if (origin === undefined) throw new TypeError(`Cannot build: there is no stage "${from}" above`)
  for (const source of sources) {
    const path = join(origin, source)
    if (!existsSync(path)) throw new TypeError(`Cannot build: COPY ${source} finds nothing`)
    const place = join(built.root, posix.resolve(built.workdir, target))
    // Of a folder its content is copied, as Docker does.
    const isIntoFolder = target.endsWith('/') && !statSync(path).isDirectory()
    cpSync(path, isIntoFolder ? join(place, basename(source)) : place, { recursive: true, verbatimSymlinks: true })
  }
}

/** Absolute paths are those of the stage; owners are left alone, because there is one user. @param {string} command @param {Built} built */
function run(command, { root, workdir, env }) {
  const script = `chown() { :; }\n${command.replaceAll(/(?<=\s)\//g, () => `${root}/`)}`
  const { HOME, PATH } = process.env
  const { status } = spawnSync('bash', ['-ec', script], {
    cwd: join(root, workdir),
    env: { HOME, PATH, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new CommandError(command, `exit code ${status}`, '')
}
