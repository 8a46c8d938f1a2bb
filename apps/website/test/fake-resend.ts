import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

interface DeliveredMail {
  readonly to: readonly string[]
  readonly from: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly reply_to?: string
}

type Behaviour = 'well' | 'down' | 'hung' | 'busy'

/** Mails that it takes at a time when it is busy. */
const busyRoom = 2

export interface FakeResend {
  readonly url: string
  readonly apiKey: string
  /** What arrived, once per idempotency key. */
  readonly delivered: DeliveredMail[]
  /** Requests that were answered, well or not. */
  requests(): number
  /**
   * From now on: answers as Resend does, answers 503, works at a mail without an end (and says of its key that it is in progress), or refuses what is
   * more than two a time.
   */
  behave(as: Behaviour): void
  /** Another time begins, in which two mails are taken. */
  tick(): void
  close(): Promise<void>
}

async function readJson(request: IncomingMessage): Promise<DeliveredMail> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A loopback server that speaks the part of Resend's API that the site uses, its idempotency included. */
export async function startFakeResend(): Promise<FakeResend> {
  const apiKey = 're_loopback_1'
  const delivered: DeliveredMail[] = []
  const seen = new Map<string, { id: string; text: string }>()
  let behaviour: Behaviour = 'well'
  let room = busyRoom
  let requests = 0
  const server = createServer(async (request, response) => {
    const mail = await readJson(request)
    requests += 1
    if (behaviour === 'down')
      return answer(response, 503, { statusCode: 503, name: 'service_unavailable', message: '' })
    if (behaviour === 'busy') {
      room -= 1
      if (room < 0) {
        response.setHeader('retry-after', '30')
        return answer(response, 429, { statusCode: 429, name: 'rate_limit_exceeded', message: '' })
      }
    }
    if (request.method !== 'POST' || request.url !== '/emails') return answer(response, 404, { name: 'not_found' })
    if (request.headers.authorization !== `Bearer ${apiKey}`) return answer(response, 401, { name: 'missing_api_key' })
    const key = String(request.headers['idempotency-key'])
    const before = seen.get(key)
    if (before !== undefined && behaviour === 'hung') {
      return answer(response, 409, { statusCode: 409, name: 'concurrent_idempotent_requests', message: '' })
    }
    if (before !== undefined && before.text !== JSON.stringify(mail)) {
      return answer(response, 409, { statusCode: 409, name: 'invalid_idempotent_request', message: '' })
    }
    const id = before?.id ?? `mail-${seen.size + 1}`
    if (before === undefined) {
      seen.set(key, { id, text: JSON.stringify(mail) })
      delivered.push(mail)
    }
    if (behaviour !== 'hung') answer(response, 200, { id })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    apiKey,
    delivered,
    requests: () => requests,
    behave: (as) => {
      behaviour = as
    },
    tick: () => {
      room = busyRoom
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
