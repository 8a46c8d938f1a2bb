/** A value given to `createServer` or on the command line is not usable. Nothing was started. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'

  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

/** No Redis URL was given and neither redis-server nor valkey-server is installed. */
export class RedisMissingError extends Error {
  readonly code = 'REDIS_MISSING'

  constructor() {
    super(
      'Cannot start a Redis: no redis-server or valkey-server on PATH; install one (apt-get install -y redis-server) or pass the URL of a running one',
    )
    this.name = 'RedisMissingError'
  }
}

/** The installed redis-server ended before it was ready; `output` is the end of what it printed. */
export class RedisStartError extends Error {
  readonly code = 'REDIS_START'
  readonly output: string

  constructor(program: string, output: string) {
    super(`Cannot start ${program}: it ended before it was ready: ${lastLine(output)}`)
    this.name = 'RedisStartError'
    this.output = output
  }
}

/** The HTTP server could not listen: the port is in use, or the address is not one of this machine. */
export class ListenError extends Error {
  readonly code = 'LISTEN'

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const reason = cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? cause.message)
    super(`Cannot listen on ${host}:${port}: ${reason}`, { cause })
    this.name = 'ListenError'
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}
