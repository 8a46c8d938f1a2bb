const TIMEOUT_MS = 30_000

/** A running API and who asks it. */
export type ApiTarget = { url: string; token: string }

/** The API did not answer, or said no. The message is for the person who runs the command. */
export class ApiError extends Error {
  readonly code = 'API_FAILED'
  override readonly name = 'ApiError'
}

/**
 * Asks the API with the user's token, within 30 seconds.
 *
 * @throws ApiError when it does not answer
 */
export async function askApi({ url, token }: ApiTarget, path: string, init: RequestInit = {}): Promise<Response> {
  const address = new URL(path, url)
  return fetch(address, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new ApiError(`${address.origin} does not answer`, { cause })
  })
}
