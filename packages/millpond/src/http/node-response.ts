/** What of `node:http` the integrations read of a request. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** What `node:http` says that a header is. */
export type HeaderValue = number | string | readonly string[] | undefined

/** What of `node:http` the integrations write to. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  getHeader(name: string): HeaderValue
  setHeader(name: string, value: string | readonly string[]): unknown
  end(body?: string): unknown
}

/** The headers of a node request as the rest of the library reads them. */
export function toHeaders(request: Pick<NodeRequest, 'headers'>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const item of typeof value === 'string' ? [value] : value) headers.append(name, item)
  }
  return headers
}

/** Sends a response through a node one, unless something else (a timeout) has answered meanwhile. `Vary` and cookies add to what middleware has set, any other header replaces it. */
export async function sendResponse(target: NodeResponse, response: Response): Promise<void> {
  const body = response.body === null ? undefined : await response.text()
  if (target.headersSent) return
  target.statusCode = response.status
  response.headers.forEach((value, name) => {
    target.setHeader(name, besides(target.getHeader(name), name, value))
  })
  target.end(body)
}

/** The value of a header beside what was set before: of `Vary`, whose names of middleware (`Origin`) hold as well, and of cookies, each of which comes alone. */
export function besides(before: HeaderValue, name: string, value: string): string | readonly string[] {
  if (before === undefined) return value
  if (name === 'vary') return `${before}, ${value}`
  return name === 'set-cookie' ? [before].flat().map(String).concat(value) : value
}
