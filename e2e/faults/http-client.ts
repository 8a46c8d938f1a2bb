import { Agent, request } from 'node:http'

export interface Answered {
  /** 0 when the connection broke or no answer came within the time. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly startedAt: number
  readonly endedAt: number
}

export interface Ask {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Sent as a browser without JavaScript sends a form, in place of `body`. */
  readonly form?: Readonly<Record<string, string>>
}

/** Asks from one address of the loopback network, as one visitor: limits count by address. */
export interface Visitor {
  ask(url: string, options?: Ask): Promise<Answered>
  close(): void
}

const WITHIN_MS = 20_000

/** Creates a visitor at 127.x.y.z. */
export function createVisitor(address: string): Visitor {
  // A connection a request: one that the server closes while it is being used again would look like a lost answer.
  const agent = new Agent({ keepAlive: false, localAddress: address })
  return {
    ask(url, { method = 'GET', headers = {}, body, form } = {}) {
      const startedAt = performance.now()
      const json = body === undefined ? undefined : JSON.stringify(body)
      const text = form === undefined ? json : new URLSearchParams(form).toString()
      const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded'
      return new Promise((resolve) => {
        const done = (status: number, more: Pick<Answered, 'headers' | 'body'>) =>
          resolve({ status, ...more, startedAt, endedAt: performance.now() })
        const fail = () => done(0, { headers: {}, body: '' })
        const sent = request(url, {
          agent,
          method,
          headers: { ...headers, ...(text !== undefined && { 'content-type': type }) },
          signal: AbortSignal.timeout(WITHIN_MS),
        })
        sent.on('error', fail)
        sent.on('response', (response) => {
          let received = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            received += chunk
          })
          response.on('error', fail)
          response.on('end', () => done(response.statusCode ?? 0, { headers: response.headers, body: received }))
        })
        sent.end(text)
      })
    },
    close: () => agent.destroy(),
  }
}

/** Whether an answer is no fault of the server's, or is one that says so: 503 as problem+json. */
export function isDeclared({ status, headers }: Answered): boolean {
  if (status < 500) return true
  return status === 503 && String(headers['content-type']).startsWith('application/problem+json')
}
