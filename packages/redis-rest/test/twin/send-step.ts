import { isUtf8 } from 'node:buffer'
import { type Agent, request } from 'node:http'
import type { RestServer } from '../../src/index.ts'
import type { TwinCommand } from './words.ts'

export type Format = 'text' | 'base64' | 'resp2'

/** One request of the REST server, of one command unless it is a batch. */
export interface Step {
  readonly commands: readonly TwinCommand[]
  readonly form: 'body' | 'path' | 'path-body' | 'pipeline' | 'transaction'
  readonly format: Format
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Whether words that are JSON numbers or booleans are sent without quotes. */
  readonly isBare: boolean
  /** Which argument is the body of a path command. */
  readonly bodyAt: number
}

export interface StepAnswer {
  readonly status: number
  readonly body: Buffer
}

export function isText(command: TwinCommand): boolean {
  return command.every(({ bytes }) => isUtf8(bytes))
}

function escapeBytes(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      /[A-Za-z0-9*:]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`,
    )
    .join('')
}

function toJson(command: TwinCommand, isBare: boolean): string {
  const words = command.map(({ bytes }, index) => {
    const text = bytes.toString()
    const canBeBare = index > 0 && /^(true|false|-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)$/.test(text)
    return isBare && canBeBare ? text : JSON.stringify(text)
  })
  return `[${words.join(' ,')}]`
}

/** The slash at the end is ignored, and lets the last argument be empty. */
function toPath(words: readonly Buffer[]): string {
  return `/${words.map(escapeBytes).join('/')}/`
}

/** Arguments as the names and values of a query. A lone empty one cannot be told there. */
function toQuery(words: readonly Buffer[]): string {
  const parts = words.length % 2 === 1 ? [escapeBytes(words[0] ?? Buffer.alloc(0))] : []
  for (let index = words.length % 2; index < words.length; index += 2) {
    parts.push(
      words
        .slice(index, index + 2)
        .map(escapeBytes)
        .join('='),
    )
  }
  return parts.join('&')
}

function toRequest(step: Step): { path: string; method: string; body?: Buffer } {
  const { form, isBare, commands } = step
  const [command = []] = commands
  const words = command.map(({ bytes }) => bytes)
  const method = step.method === 'GET' ? 'POST' : step.method
  if (form === 'pipeline' || form === 'transaction') {
    const path = form === 'pipeline' ? '/pipeline' : '/multi-exec'
    return { path, method, body: Buffer.from(`[${commands.map((one) => toJson(one, isBare)).join(',')}]`) }
  }
  if (form === 'body' && isText(command)) return { path: '/', method, body: Buffer.from(toJson(command, isBare)) }
  const at = 1 + (step.bodyAt % Math.max(1, words.length - 1))
  const body = words[at]
  const after = words.slice(at + 1)
  if (
    form !== 'path-body' ||
    body === undefined ||
    body.length === 0 ||
    (after.length % 2 === 1 && after[0]?.length === 0)
  ) {
    return { path: toPath(words), method: step.method }
  }
  return { path: `${toPath(words.slice(0, at))}?${toQuery(after)}`, method, body }
}

/** Sends a step byte for byte: `fetch` would resolve dots in a path. */
export function sendStep(server: RestServer, token: string, agent: Agent, step: Step): Promise<StepAnswer> {
  const { path, method, body } = toRequest(step)
  const format: Record<string, string> = {
    text: {},
    base64: { 'upstash-encoding': 'base64' },
    resp2: { 'upstash-response-format': 'resp2' },
  }[step.format]
  const headers = {
    ...format,
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-length': body.length }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
