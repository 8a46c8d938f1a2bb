import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { StartError } from './start-error.mjs'

/** What `npm start -- --help` prints, and what follows the message about an option that does not exist. */
export const usage = `Options (npm start -- <option> …):
  --api-port N     the API's port (also PORT); it must be free. Without it 8787, or another one when that is taken
  --site-port N    the site's port (also SITE_PORT); it must be free. Without it 3000, or another one
  --data DIR       where the databases are kept (default .millpond/data)
  --store memory   keep cache and limits in each process's memory, even where redis-server is installed
  --no-seed        do not send the demo data
  --dev            reload when a source changes (npm run dev)
  --help           print this`

/**
 * @typedef {object} StartOptions
 * @property {number | undefined} apiPort asked for by name; undefined leaves the choice to the API
 * @property {number | undefined} sitePort
 * @property {string} dataFolder absolute
 * @property {boolean} memoryOnly
 * @property {boolean} seed
 * @property {boolean} dev
 * @property {boolean} help
 */

/**
 * @param {string} name as the user wrote it
 * @param {string | undefined} text empty counts as absent
 */
function readPort(name, text) {
  if (text === undefined || text === '') return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new StartError(`Cannot start: ${name} must be an integer from 0 to 65535, received "${text}"`)
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'api-port': { type: 'string' },
        'site-port': { type: 'string' },
        data: { type: 'string' },
        store: { type: 'string' },
        'no-seed': { type: 'boolean' },
        dev: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split(/[.;\n]/)
    throw new StartError(`Cannot start: ${reason?.replace('argument is ambiguous', 'needs a value')}\n${usage}`)
  }
}

/**
 * Reads the command line and the environment (PORT and SITE_PORT; an option wins). Throws {@link StartError}.
 * @param {readonly string[]} args without node and the script
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} root the repository
 * @returns {StartOptions}
 */
export function readOptions(args, env, root) {
  const values = parse(args)
  const { store, data } = values
  if (store !== undefined && store !== 'memory') {
    throw new StartError(`Cannot start: --store must be memory, received "${store}"\n${usage}`)
  }
  if (data === '') throw new StartError('Cannot start: --data must name a folder, received ""')
  return {
    apiPort: values['api-port'] === undefined ? readPort('PORT', env.PORT) : readPort('--api-port', values['api-port']),
    sitePort:
      values['site-port'] === undefined
        ? readPort('SITE_PORT', env.SITE_PORT)
        : readPort('--site-port', values['site-port']),
    dataFolder: data === undefined ? resolve(root, '.millpond', 'data') : resolve(data),
    memoryOnly: store === 'memory',
    seed: values['no-seed'] !== true,
    dev: values.dev === true,
    help: values.help === true,
  }
}
