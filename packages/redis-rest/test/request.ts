import type { RestServer } from '../src/index.ts'

export interface RequestOptions {
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** undefined sends the server's token, null none. */
  readonly token?: string | null
}

export interface ReceivedAnswer {
  readonly status: number
  /** The body as it was sent, not parsed: large integers must be seen as digits. */
  readonly text: string
  readonly headers: Headers
}

/** One request as a plain HTTP client sends it: POST with a body, GET without. */
export async function request(server: RestServer, path: string, options: RequestOptions = {}): Promise<ReceivedAnswer> {
  const { body, token = server.token } = options
  const response = await fetch(`${server.url}${path}`, {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

/** Runs one command and gives its answer as text. */
export async function command(server: RestServer, ...words: (string | number)[]): Promise<string> {
  return (await request(server, '/', { body: JSON.stringify(words) })).text
}

/** Whether a server that closes ends a connection that has not asked yet, as Node.js does from 26 on; before, its first request is answered. */
export const endsUnusedConnections = Number(process.versions.node.split('.')[0]) >= 26
