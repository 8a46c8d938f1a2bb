import { request } from 'node:http'

export interface Answer {
  readonly status: number
  /** Every header line as it was sent, so that one sent twice is seen twice. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly text: string
  json(): unknown
  header(name: string): string | undefined
}

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

function toPairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : []))
}

/** One request over a connection of its own. */
export function callSite(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const pairs = toPairs(response.rawHeaders)
        const header = (name: string) => pairs.find(([found]) => found === name)?.[1]
        resolve({ status: response.statusCode ?? 0, headers: pairs, text, json: () => JSON.parse(text), header })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

interface Post {
  /** The visitor's address as the last of our proxies would write it (CLIENT_ADDRESS=proxies:1). */
  readonly from: string
  readonly cookie?: string
}

export function postJson(url: string, { from, cookie = '', body }: Post & { body: unknown }): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from, cookie }
  return callSite(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

export function postForm(
  url: string,
  { from, cookie = '', fields }: Post & { fields: Record<string, string> },
): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from, cookie }
  return callSite(url, { method: 'POST', headers, body: new URLSearchParams(fields).toString() })
}

/** `from` is the visitor's address as the last of our proxies would write it (CLIENT_ADDRESS=proxies:1). */
export function joinByJson(url: string, from: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from }
  return callSite(`${url}/api/waitlist/join`, { method: 'POST', headers, body: JSON.stringify(body) })
}

export function joinByForm(url: string, from: string, fields: Record<string, string>): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from }
  const body = new URLSearchParams(fields).toString()
  return callSite(`${url}/api/waitlist/join`, { method: 'POST', headers, body })
}

export function readStats(url: string, from: string): Promise<Answer> {
  return callSite(`${url}/api/waitlist/stats`, { headers: { 'x-forwarded-for': from } })
}

const limitHeaders = /^(ratelimit|ratelimit-policy|x-ratelimit-.*|retry-after)$/

/** The rate-limit headers in order, with the seconds that depend on the clock as S; a wait must be 1 to 60. */
export function limitsOf(answer: Answer): string[] {
  return answer.headers
    .filter(([name]) => limitHeaders.test(name))
    .map(([name, value]) => `${name}: ${value}`)
    .map((line) => line.replace(/(;t=|reset: |retry-after: )([1-9]|[1-5]\d|60)$/, '$1S'))
    .sort()
}
