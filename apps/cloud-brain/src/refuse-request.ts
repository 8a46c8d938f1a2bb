import type { Decision } from 'millpond'
import { tooManyRequests } from 'millpond/http'

/** The answer to a request that its limits refuse: the library's, with a `code` as every other error of the API has one. */
export async function refuseRequest(decision: Decision): Promise<Response> {
  const refusal = tooManyRequests(decision)
  const code = refusal.status === 429 ? 'too_many_requests' : 'unavailable'
  const document = { ...Object(await refusal.json()), code }
  return new Response(JSON.stringify(document), { status: refusal.status, headers: refusal.headers })
}
