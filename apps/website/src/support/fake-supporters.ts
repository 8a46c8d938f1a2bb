import { createServer } from 'node:http'

export interface FakeSupporter {
  support_id: number
  support_coffees: number
  support_coffee_price: string
  support_currency: string
  support_visibility: 0 | 1
  support_created_on: string
  supporter_name: string
  payer_email: string
  is_refunded: 1 | null
}

export interface FakeSupporters {
  readonly url: string
  readonly token: string
  /** What it answers from; change it as you like. */
  readonly supporters: FakeSupporter[]
  /** Requests so far. */
  requests(): number
  /** Answers with this from now on instead of a page; undefined puts it right. */
  failWith(answer: { status: number; body: string } | undefined): void
  close(): Promise<void>
}

const perPage = 5

/** A page as Laravel writes it. */
function toPage(supporters: readonly FakeSupporter[], { number, url }: { number: number; url: string }): unknown {
  const last = Math.ceil(supporters.length / perPage)
  const address = (page: number): string => `${url}/api/v1/supporters?page=${page}`
  return {
    current_page: number,
    data: supporters.slice((number - 1) * perPage, number * perPage),
    first_page_url: address(1),
    last_page: last,
    last_page_url: address(last),
    next_page_url: number < last ? address(number + 1) : null,
    path: `${url}/api/v1/supporters`,
    per_page: perPage,
    prev_page_url: number > 1 ? address(number - 1) : null,
    total: supporters.length,
  }
}

const names = ['Ines', 'Tom', 'Marit', 'Yusuf', 'Clara', 'Jonte', 'Aoife', 'Bela'] as const

/** Believable supporters of a small project. */
export const demoSupporters = (): FakeSupporter[] =>
  Array.from({ length: 23 }, (_, nth) => ({
    support_id: 7_000 - nth * 13,
    support_coffees: [1, 3, 1, 5, 2, 1, 10][nth % 7] ?? 1,
    support_coffee_price: '5.0000',
    support_currency: nth % 6 === 4 ? 'EUR' : 'USD',
    support_visibility: nth % 4 === 3 ? 0 : 1,
    support_created_on: `2026-${nth < 12 ? '10' : '09'}-${String(28 - nth).padStart(2, '0')} 09:30:00`,
    supporter_name: names[nth % names.length] ?? 'Ines',
    payer_email: `supporter${nth % 17}@example.org`,
    is_refunded: nth === 9 ? 1 : null,
  }))

/**
 * A loopback server that answers as Buy Me a Coffee's API does, for demonstrations and tests. It knows one token and the
 * list of supporters, newest first; an empty list is 200 with an error, as there.
 */
export async function startFakeSupporters(supporters: FakeSupporter[] = demoSupporters()): Promise<FakeSupporters> {
  const token = 'loopback'
  let requests = 0
  let failure: { status: number; body: string } | undefined
  let url = ''
  const server = createServer((request, response) => {
    requests += 1
    const asked = new URL(request.url ?? '/', url)
    const send = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    }
    if (failure !== undefined) return send(failure.status, failure.body)
    if (request.headers.authorization !== `Bearer ${token}`) return send(401, '{"message":"Unauthenticated."}')
    if (asked.pathname !== '/api/v1/supporters') return send(404, '{}')
    const number = Number(asked.searchParams.get('page') ?? 1)
    if (supporters.length <= (number - 1) * perPage) return send(200, '{"error":"No supporters"}')
    // The other side may call itself something else than the address by which we reach it.
    send(200, JSON.stringify(toPage(supporters, { number, url: 'https://developers.buymeacoffee.com' })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  server.unref()
  return {
    url,
    token,
    supporters,
    requests: () => requests,
    failWith: (answer) => {
      failure = answer
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
