import type { Definition } from '../cache/define.ts'
import type { Decision } from '../limit/decision.ts'
import { type CachedResponseOptions, cachedResponse } from './cached-response.ts'
import { guard } from './guard.ts'

/** How a route answers with a cached definition. `Source` is what the framework calls a request or its context. */
export interface CachedRouteOptions<Source> extends CachedResponseOptions {
  /** Decides on the request, usually `(request) => limiter.take([...])`: in the same round trip as the cached read, which a refusal drops. Default: no limits here. */
  readonly limits?: ((source: Source) => Promise<Decision>) | undefined
}

/** A definition as a route serves it. */
export interface CachedRoute<Source, Input> {
  readonly definition: Definition<[input: Input], unknown>
  readonly toInput: (source: Source) => Input | Promise<Input>
  readonly options: CachedRouteOptions<Source>
}

/** Answers one request of a cached route. */
export async function answerCached<Source, Input>(
  { definition, toInput, options }: CachedRoute<Source, Input>,
  source: Source,
  request: { readonly method: string; readonly headers: Headers },
): Promise<Response> {
  const { limits } = options
  if (!limits) return cachedResponse(request, await definition.get(await toInput(source)), options)
  return guard({
    limits: () => limits(source),
    read: () => {
      const input = toInput(source)
      return input instanceof Promise ? input.then(definition.peek) : definition.peek(input)
    },
    answer: (result) => cachedResponse(request, result, options),
  })
}
