import { parseArgs } from 'node:util'
import { ConfigError } from './errors.ts'

/** What the command line asks for. */
export type Config =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'serve'
      readonly redis: string | undefined
      readonly token: string | undefined
      readonly host: string
      readonly port: number
      readonly json: boolean
    }

export const defaultPort = 8079

export const help = `Usage: millpond-rest [options]

Serves the Upstash REST protocol in front of a Redis or Valkey.

  --redis URL    redis:// or rediss:// URL; without it the installed redis-server
                 or valkey-server is started, in memory only
  --token TEXT   token that clients must send (or MILLPOND_REST_TOKEN, which other
                 users of this machine cannot see); without it a random one
  --port N       port to listen on, 0 for any free one (default ${defaultPort})
  --host NAME    address to listen on (default 127.0.0.1)
  --json         print one line {"url":…,"token":…,"redis":…} when ready
  --help         print this
  --version      print the version
`

const flags = {
  redis: { type: 'string' },
  token: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split(/[.\n]/)
    throw new ConfigError(`Cannot read the command line: ${reason}; see --help`)
  }
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new ConfigError(`Cannot read the command line: --port must be an integer from 0 to 65535, received "${text}"`)
}

/** Reads arguments and environment, once, at the start. Throws {@link ConfigError}. */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const values = readFlags(argv)
  if (values.help === true) return Object.freeze({ kind: 'help' })
  if (values.version === true) return Object.freeze({ kind: 'version' })
  return Object.freeze({
    kind: 'serve',
    redis: values.redis,
    token: values.token ?? (env.MILLPOND_REST_TOKEN === '' ? undefined : env.MILLPOND_REST_TOKEN),
    host: values.host ?? '127.0.0.1',
    port: values.port === undefined ? defaultPort : readPort(values.port),
    json: values.json === true,
  })
}
