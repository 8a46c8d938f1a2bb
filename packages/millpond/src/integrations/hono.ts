import type { Context, Env } from 'hono'
import type { Definition } from '../cache/define.ts'
import { type CachedResponseOptions, cachedResponse } from '../http/cached-response.ts'

/**
 * A Hono handler that answers with a cached definition: `Cache-Status`, `Age`, `ETag` and 304 included. `toInput` makes the definition's input of the request; what identifies
 * the person must come from the verified token and be part of the input.
 */
export function cachedRoute<E extends Env, Input>(
  definition: Definition<[input: Input], unknown>,
  toInput: (context: Context<E>) => Input | Promise<Input>,
  options: CachedResponseOptions = {},
): (context: Context<E>) => Promise<Response> {
  return async (context) => cachedResponse(context.req.raw, await definition.get(await toInput(context)), options)
}
