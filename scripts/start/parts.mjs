import { join } from 'node:path'

/**
 * @typedef {object} Surroundings
 * @property {string} root the repository
 * @property {NodeJS.ProcessEnv} env of this program
 * @property {string} logFolder
 * @property {(line: string) => void} write to the terminal
 * @property {import('./options.mjs').StartOptions} options
 */

/**
 * What a child must not inherit: it sees only what is handed to it on purpose. A database or a Redis that the shell happens to
 * name is not a place for demo data, and `npm start` is a development system that listens on this machine only.
 */
const notInherited = [
  ...['PORT', 'SITE_PORT', 'HOST', 'DATA_DIR', 'NODE_ENV', 'APP_ENV', 'MILLPOND_RUN_FILE'],
  ...['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN', 'REDIS_URL', 'DATABASE_URL'],
]

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {Record<string, string | undefined>} additions undefined adds nothing
 */
function childEnv(env, additions) {
  const inherited = Object.entries(env).filter(([name]) => !notInherited.includes(name))
  return Object.fromEntries([...inherited, ...Object.entries(additions).filter(([, value]) => value !== undefined)])
}

/**
 * @param {{ url: string, token: string } | undefined} rest
 * @param {number | undefined} port
 */
const connection = (rest, port) => ({
  UPSTASH_REDIS_REST_URL: rest?.url,
  UPSTASH_REDIS_REST_TOKEN: rest?.token,
  PORT: port === undefined ? undefined : String(port),
})

/**
 * How each part of the system is started.
 * @param {Surroundings} surroundings
 */
export function createParts({ root, env, logFolder, write, options }) {
  const { dataFolder, dev } = options
  const common = (/** @type {string} */ name) => ({ name, write, logFile: join(logFolder, `${name}.log`) })
  const api = join(root, 'apps', 'cloud-brain')
  const site = join(root, 'apps', 'website')
  const rest = join(root, 'packages', 'redis-rest')

  return {
    /** The REST server that starts the machine's own Redis. */
    store: () => ({
      ...common('store'),
      title: 'the store',
      module: join(rest, 'dist', 'cli.js'),
      args: ['--port', '0'],
      cwd: rest,
      env: childEnv(env, {}),
      // Meant for a person who starts it alone.
      isSecret: (/** @type {string} */ line) => line.startsWith('UPSTASH_REDIS_REST_TOKEN='),
    }),

    /** @param {{ url: string, token: string } | undefined} store undefined for memory */
    api: (store) => ({
      ...common('api'),
      title: 'the API',
      module: dev ? join(api, 'src', 'main.ts') : join(api, 'dist', 'main.js'),
      nodeOptions: dev ? ['--import', 'tsx'] : [],
      cwd: api,
      env: childEnv(env, { ...connection(store, options.apiPort), DATA_DIR: join(dataFolder, 'cloud-brain') }),
    }),

    /**
     * @param {string} url
     * @param {string} token
     */
    seed: (url, token) => ({
      ...common('seed'),
      title: 'the demo data',
      module: join(api, 'dist', 'demo', 'seed.js'),
      args: ['--url', url, '--token', token, '--persona', 'all'],
      cwd: api,
      env: childEnv(env, {}),
      ipc: false,
      // A line for each person; what comes between is in the log.
      notice: (/** @type {string} */ line) => (/^Seeded|asked to wait/.test(line) ? line : undefined),
    }),

    /**
     * @param {{ url: string, token: string } | undefined} store
     * @param {string} apiUrl
     */
    site: (store, apiUrl) => ({
      ...common('site'),
      title: 'the site',
      module: join(site, 'server.mjs'),
      args: dev ? ['--dev'] : [],
      cwd: site,
      env: childEnv(env, {
        ...connection(store, options.sitePort),
        APP_ENV: 'development',
        DATA_DIR: join(dataFolder, 'website'),
        DEMO_DATA: '1',
        API_URL: apiUrl,
      }),
    }),

    /** The compiler of a workspace package, waiting for changes. @param {string} folder */
    compiler: (folder) => ({
      ...common(folder),
      title: `the compiler of packages/${folder}`,
      module: join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      args: ['-p', join(root, 'packages', folder, 'tsconfig.build.json'), '--watch', '--preserveWatchOutput'],
      cwd: root,
      env: childEnv(env, {}),
      ipc: false,
      notice: (/** @type {string} */ line) => (/error TS\d+/.test(line) ? line : undefined),
    }),
  }
}
