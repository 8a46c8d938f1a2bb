import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'

/** JSON lines on standard output. What is logged is chosen at each call: no health value, user id or token. */
export function createLogger(level: Config['logLevel']): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
}
