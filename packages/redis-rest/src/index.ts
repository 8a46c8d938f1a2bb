export { ConfigError, ListenError, RedisMissingError, RedisStartError } from './errors.ts'
export { createServer, type EngineInfo, type RestServer, type ServerEvent, type ServerOptions } from './server.ts'
