import type { Context, Handler } from 'hono'
import type { Definition } from 'millpond'
import { cachedRoute } from 'millpond/hono'
import type { ApiEnv } from '../api-env.ts'
import { limitsItself } from '../limit-requests.ts'

/** The handler of a cached GET: it asks the request limits and the cache in one round trip, and drops what it read when they refuse. */
export function cachedGet<Input>(
  definition: Definition<[input: Input], unknown>,
  toInput: (c: Context<ApiEnv>) => Input | Promise<Input>,
): Handler<ApiEnv> {
  // A fault of the input is told after the limits were asked, like every other answer.
  const read = async (c: Context<ApiEnv>) => toInput(c)
  return limitsItself(cachedRoute(definition, read, { limits: (c: Context<ApiEnv>) => c.get('decide')() }))
}
