import type { Context, ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { problem } from 'millpond/http'
import type { Logger } from 'pino'
import { isDatabaseAway } from 'postgres-pool'
import type { ApiEnv } from './api-env.ts'
import { toLogError } from './log-error.ts'
import { RequestFault } from './request-fault.ts'

const DATABASE_RETRY_SECONDS = 5

/** Answers whatever a route throws with a problem document that says nothing about the inside; of a part that is away the log says why. */
export function answerErrors(logger: Logger): ErrorHandler<ApiEnv> {
  return (error, c) => {
    if (error instanceof RequestFault) {
      if (error.code === 'unavailable' && error.cause !== undefined) {
        logger.warn({ requestId: c.get('requestId'), err: toLogError(error.cause) }, error.message)
      }
      return toProblem(error)
    }
    if (error instanceof HTTPException) {
      return problem({
        status: error.status,
        title: 'The request is not valid',
        extensions: { code: 'invalid_request' },
      })
    }
    logger.error({ requestId: c.get('requestId'), err: toLogError(error) }, 'request failed')
    if (isDatabaseAway(error)) {
      return toProblem(
        new RequestFault('unavailable', 'The database does not answer', {
          headers: { 'Retry-After': String(DATABASE_RETRY_SECONDS) },
        }),
      )
    }
    return problem({
      status: 500,
      title: 'The service failed',
      detail: 'The request can be sent again',
      extensions: { code: 'internal' },
    })
  }
}

/** Answers while the service still opens its database and stores. */
export function answerStarting(): Response {
  return toProblem(new RequestFault('unavailable', 'The service is starting', { headers: { 'Retry-After': '1' } }))
}

/** Answers a path that no route has; names the methods when the path exists under another one. */
export function answerMissing(c: Context<ApiEnv>, routes: readonly { method: string; path: string }[]): Response {
  const methods = routes
    .filter(({ path, method }) => method !== 'ALL' && toPattern(path).test(c.req.path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  if (methods.length === 0) return toProblem(new RequestFault('not_found', 'No route has this path'))
  const allowed = [...new Set(methods)].join(', ')
  return toProblem(
    new RequestFault('method_not_allowed', `Use one of these methods: ${allowed}`, { headers: { Allow: allowed } }),
  )
}

/** A route's path with its parameters, as what it matches. */
function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`)
}

function toProblem(fault: RequestFault): Response {
  const { status, title, message: detail, code, errors, headers } = fault
  return problem({
    status,
    title,
    detail,
    headers,
    extensions: { code, ...(errors.length > 0 && { errors }) },
  })
}
