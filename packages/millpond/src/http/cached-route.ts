import type { Definition } from '../cache/define.ts'
import { InvalidInputError } from '../errors.ts'
import type { Decision } from '../limit/decision.ts'
import { type CachedResponseOptions, cachedResponse } from './cached-response.ts'
import { readWithinLimits, withRateLimit } from './guard.ts'
import { rateLimitHeaders } from './headers.ts'
import { problem, tooManyRequests } from './problem.ts'

/** How a route answers with a cached definition. `Source` is what the framework calls a request or its context. */
export interface CachedRouteOptions<Source> extends CachedResponseOptions {
  /** Decides on the request, usually `(request) => limiter.take([...])`: in the same round trip as the cached read, which a refusal drops. Default: no limits here. */
  readonly limits?: ((source: Source) => Promise<Decision>) | undefined
  /** Answers a request whose input the definition's schema rejects. Default: 400, a problem document with the issues. Throw the error to leave it to the framework. */
  readonly onInvalidInput?: ((error: InvalidInputError, source: Source) => Response | Promise<Response>) | undefined
}

/** A definition as a route serves it. */
export interface CachedRoute<Source, Input> {
  readonly definition: Definition<[input: Input], unknown>
  readonly toInput: (source: Source) => Input | Promise<Input>
  readonly options: CachedRouteOptions<Source>
}

type Asked = { readonly method: string; readonly headers: Headers }

/** Answers one request of a cached route. */
export async function answerCached<Source, Input>(
  route: CachedRoute<Source, Input>,
  source: Source,
  request: Asked,
): Promise<Response> {
  const { definition, options } = route
  let decision: Decision | undefined
  const keep = (decided: Decision) => {
    decision = decided
  }
  try {
    return await answerValid(route, source, request, keep)
  } catch (error) {
    // One of another definition is the loader's own mistake, not the client's.
    if (!(error instanceof InvalidInputError) || error.definition !== definition.name) throw error
    const response = await (options.onInvalidInput ?? badRequest)(error, source)
    return decision ? withRateLimit(response, decision) : response
  }
}

function badRequest({ issues }: InvalidInputError): Response {
  const detail = issues.map(({ path, message }) => `${path || 'input'}: ${message}`).join('; ')
  return problem({ status: 400, title: 'Bad Request', detail, extensions: { issues } })
}

async function answerValid<Source, Input>(
  { definition, toInput, options }: CachedRoute<Source, Input>,
  source: Source,
  request: Asked,
  keep: (decision: Decision) => void,
): Promise<Response> {
  const { limits } = options
  if (!limits) return cachedResponse(request, await definition.get(await toInput(source)), options)
  const { decision, result } = await readWithinLimits({
    async limits() {
      const decided = await limits(source)
      keep(decided)
      return decided
    },
    read: () => {
      const input = toInput(source)
      return input instanceof Promise ? input.then(definition.peek) : definition.peek(input)
    },
  })
  if (!result) return tooManyRequests(decision)
  // Later ones replace earlier ones, whatever the case of their names: what is given stays.
  const headers = { ...rateLimitHeaders(decision), ...options.headers }
  return cachedResponse(request, result, { ...options, headers })
}
