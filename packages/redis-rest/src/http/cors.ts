import type { IncomingMessage } from 'node:http'
import type { Answer } from '../protocol/answer.ts'

const requestHeaders = [
  'authorization',
  'content-type',
  'cache-control',
  'upstash-encoding',
  'upstash-response-format',
  'upstash-sync-token',
  'upstash-telemetry-platform',
  'upstash-telemetry-retry',
  'upstash-telemetry-runtime',
  'upstash-telemetry-sdk',
].join(', ')

export interface Cors {
  /** Headers that let the page of an allowed origin read the answer. */
  headers(request: IncomingMessage): Readonly<Record<string, string>> | undefined
  /** The answer to a preflight request of an allowed origin. */
  preflight(request: IncomingMessage): Answer | undefined
}

/** `origins` are those of pages that may use the server, such as `https://app.example`; `*` is any. */
export function createCors(origins: readonly string[]): Cors {
  const headers: Cors['headers'] = (request) => {
    const { origin } = request.headers
    if (origins.length === 0 || origin === undefined) return undefined
    const isAny = origins.includes('*')
    if (!isAny && !origins.includes(origin)) return { vary: 'origin' }
    return {
      'access-control-allow-origin': isAny ? '*' : origin,
      'access-control-expose-headers': 'upstash-sync-token, retry-after',
      ...(isAny ? {} : { vary: 'origin' }),
    }
  }
  const preflight: Cors['preflight'] = (request) => {
    if (request.method !== 'OPTIONS' || headers(request)?.['access-control-allow-origin'] === undefined)
      return undefined
    const allow = {
      'access-control-allow-methods': 'GET, HEAD, POST, PUT',
      'access-control-allow-headers': requestHeaders,
      'access-control-max-age': '86400',
    }
    return { status: 204, body: '', headers: allow }
  }
  return { headers, preflight }
}
