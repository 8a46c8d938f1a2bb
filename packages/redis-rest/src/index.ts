export { ConfigError, ListenError, RedisMissingError, RedisStartError } from './errors.ts'
export type { TlsOptions } from './http/listen.ts'
export { createServer, type EngineInfo, type RestServer, type ServerEvent, type ServerOptions } from './server.ts'
export type { TokenOptions } from './tokens.ts'
