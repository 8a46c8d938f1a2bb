import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, errorAnswer } from '../protocol/answer.ts'
import { parseCommand, parseCommands } from '../protocol/command.ts'
import type { Encoding } from '../protocol/encode.ts'
import type { Executor } from '../protocol/executor.ts'
import { parsePathCommand } from '../protocol/path-command.ts'
import type { Authorize } from './authorize.ts'
import { readBody } from './read-body.ts'

/** The largest request body, in bytes; above it the answer is 413. */
export const maxBodyBytes = 10 * 1024 * 1024

export interface HandlerOptions {
  readonly authorize: Authorize
  readonly executor: Executor
}

/** `isLast` says, when the answer is written, whether the connection ends with it. */
export type Handler = (request: IncomingMessage, response: ServerResponse, isLast: () => boolean) => Promise<void>

const methods = ['GET', 'HEAD', 'POST', 'PUT']

function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

function hasBody(request: IncomingMessage): boolean {
  return request.method === 'POST' || request.method === 'PUT'
}

function readEncoding(request: IncomingMessage): Encoding | undefined {
  const format = request.headers['upstash-response-format']
  if (format !== undefined && format !== 'json') return undefined
  return request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'text'
}

type Batch = 'pipeline' | 'transaction'

const batches: ReadonlyMap<string, Batch> = new Map([
  ['/pipeline', 'pipeline'],
  ['/multi-exec', 'transaction'],
])

async function answerJson(
  executor: Executor,
  batch: Batch | undefined,
  body: Buffer,
  encoding: Encoding,
): Promise<Answer> {
  if (!isUtf8(body)) return errorAnswer(400, 'ERR cannot read the request body: it is not UTF-8')
  const text = body.toString()
  if (batch === undefined) {
    const command = parseCommand(text)
    return command.kind === 'parsed' ? executor.single(command.value, encoding) : errorAnswer(400, command.message)
  }
  const commands = parseCommands(text)
  return commands.kind === 'parsed' ? executor[batch](commands.value, encoding) : errorAnswer(400, commands.message)
}

/** undefined when the client went away before its request was complete. */
async function answerRequest(request: IncomingMessage, options: HandlerOptions): Promise<Answer | undefined> {
  const { path, query } = splitTarget(request.url ?? '/')
  if (!methods.includes(request.method ?? '')) {
    return errorAnswer(405, 'ERR this method is not allowed: use GET, HEAD, POST or PUT', { allow: methods.join(', ') })
  }
  if (!options.authorize(request, query)) return errorAnswer(401, 'WRONGPASS invalid or missing auth token')
  const encoding = readEncoding(request)
  if (encoding === undefined) return errorAnswer(400, 'ERR this response format is not supported: only json is')

  const batch = batches.get(path)
  if (!hasBody(request)) {
    if (path === '/') return errorAnswer(404, 'ERR there is nothing here: send a command with POST, or in the path')
    if (batch !== undefined) return errorAnswer(405, `ERR ${path} takes POST only`, { allow: 'POST, PUT' })
  }
  const body = hasBody(request) ? await readBody(request, maxBodyBytes) : { kind: 'body' as const, bytes: undefined }
  if (body.kind === 'aborted') return undefined
  if (body.kind === 'too-large') return errorAnswer(413, `ERR max request size exceeded. Limit: ${maxBodyBytes} bytes`)

  if (body.bytes !== undefined && (path === '/' || batch !== undefined)) {
    return answerJson(options.executor, batch, body.bytes, encoding)
  }
  const command = parsePathCommand(path, query, body.bytes)
  return command.kind === 'parsed'
    ? options.executor.single(command.value, encoding)
    : errorAnswer(400, command.message)
}

function createSyncTokens(): () => string {
  const instance = randomBytes(9).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${instance}.${count}`
  }
}

/** The protocol over HTTP: reads a request, checks its token, runs it and writes the answer. Never throws. */
export function createHandler(options: HandlerOptions): Handler {
  const nextSyncToken = createSyncTokens()
  return async (request, response, isLast) => {
    const answer = await answerRequest(request, options).catch(() =>
      errorAnswer(500, 'ERR the request could not be handled'),
    )
    if (answer === undefined || response.destroyed) return
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer.body),
      'upstash-sync-token': nextSyncToken(),
      ...(isLast() ? { connection: 'close' } : {}),
      ...answer.headers,
    })
    response.end(request.method === 'HEAD' ? undefined : answer.body)
  }
}
