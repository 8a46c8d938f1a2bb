/** What of `node:http` the integrations read of a request. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** What of `node:http` the integrations write to. */
export interface NodeResponse {
  statusCode: number
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

/** Sends a response through a node one. */
export async function sendResponse(target: NodeResponse, response: Response): Promise<void> {
  target.statusCode = response.status
  response.headers.forEach((value, name) => {
    target.setHeader(name, name === 'set-cookie' ? response.headers.getSetCookie() : value)
  })
  target.end(response.body === null ? undefined : await response.text())
}
