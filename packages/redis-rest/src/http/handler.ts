import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReplyShare } from '../engine/reply-bytes.ts'
import { type Answer, errorAnswer } from '../protocol/answer.ts'
import { parseCommand, parseCommands } from '../protocol/command.ts'
import type { Encoding } from '../protocol/encode.ts'
import type { AnswerOptions, Executor } from '../protocol/executor.ts'
import { parsePathCommand } from '../protocol/path-command.ts'
import type { Access } from './access.ts'
import type { Authorize } from './authorize.ts'
import type { EventStreams } from './event-streams.ts'
import { readBody } from './read-body.ts'

/** The largest request body, in bytes; above it the answer is 413. */
const maxBodyBytes = 10 * 1024 * 1024

export interface HandlerOptions {
  readonly authorize: Authorize<Access>
  readonly streams: EventStreams
  /** Answers for what needs no token, such as `/health`; undefined for everything else. */
  readonly answerOpenly: (request: IncomingMessage, path: string) => Answer | Promise<Answer> | undefined
  /** Where the replies for one request are counted; released when its answer was written out or its client is gone. */
  readonly openReplies: () => ReplyShare
  /** The body for `/metrics`. */
  readonly writeMetrics: () => string
  /** Headers that go with every answer to this request. */
  readonly corsHeaders: (request: IncomingMessage) => Readonly<Record<string, string>> | undefined
  readonly onAnswer: (route: Route, status: number, durationMs: number) => void
}

/** The kinds of requests, as they are counted. */
export const routes = ['command', 'path', 'pipeline', 'transaction', 'stream', 'other'] as const
export type Route = (typeof routes)[number]

/** `isLast` says, when the answer is written, whether the connection ends with it. */
export type Handler = (request: IncomingMessage, response: ServerResponse, isLast: () => boolean) => Promise<void>

const methods = ['GET', 'HEAD', 'POST', 'PUT']

interface Place {
  readonly path: string
  readonly query: string
  readonly route: Route
}

function readPlace(target: string): Place {
  const mark = target.indexOf('?')
  const sent = mark === -1 ? target : target.slice(0, mark)
  const trimmed = sent.length > 1 && sent.endsWith('/') ? sent.slice(0, -1) : sent
  const route = toRoute(trimmed)
  // The segments of a command are read with their slashes.
  const path = route === 'path' || route === 'stream' ? sent : trimmed
  return { path, query: mark === -1 ? '' : target.slice(mark + 1), route }
}

function hasBody(request: IncomingMessage): boolean {
  return request.method === 'POST' || request.method === 'PUT'
}

function readEncoding(request: IncomingMessage): Encoding | Answer {
  const format = request.headers['upstash-response-format']
  const isBase64 = request.headers['upstash-encoding'] === 'base64'
  if (format === undefined || format === 'json') return isBase64 ? 'base64' : 'text'
  if (format !== 'resp2') return errorAnswer(400, 'ERR this response format is not supported: use json or resp2')
  return isBase64 ? errorAnswer(400, 'ERR base64 and resp2 cannot be combined') : 'resp2'
}

function toRoute(path: string): Route {
  if (path === '/') return 'command'
  if (path === '/pipeline') return 'pipeline'
  if (path === '/multi-exec') return 'transaction'
  if (path === '/health' || path === '/metrics') return 'other'
  return /^\/(subscribe|psubscribe|monitor)(\/|$)/i.test(path) ? 'stream' : 'path'
}

async function answerJson(executor: Executor, route: Route, body: Buffer, options: AnswerOptions): Promise<Answer> {
  if (!isUtf8(body)) return errorAnswer(400, 'ERR cannot read the request body: it is not UTF-8')
  const text = body.toString()
  if (route === 'command') {
    const command = parseCommand(text)
    return command.kind === 'parsed' ? executor.single(command.value, options) : errorAnswer(400, command.message)
  }
  const commands = parseCommands(text)
  if (commands.kind === 'invalid') return errorAnswer(400, commands.message)
  return route === 'pipeline'
    ? executor.pipeline(commands.value, options)
    : executor.transaction(commands.value, options)
}

function methodAnswer(allowed: readonly string[]): Answer {
  const list = `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`
  return errorAnswer(405, `ERR this method is not allowed: use ${list}`, { allow: allowed.join(', ') })
}

/** What is wrong with the method for this route, if anything. */
function routeAnswer(request: IncomingMessage, route: Route, path: string): Answer | undefined {
  if (route === 'stream') {
    return request.method === 'GET' || request.method === 'POST' ? undefined : methodAnswer(['GET', 'POST'])
  }
  if (hasBody(request) || route === 'path') return undefined
  return route === 'command'
    ? errorAnswer(404, 'ERR there is nothing here: send a command with POST, or in the path')
    : errorAnswer(405, `ERR ${path} takes POST only`, { allow: 'POST, PUT' })
}

function metricsAnswer(text: string): Answer {
  return { status: 200, body: text, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } }
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
  const { authorize, streams, answerOpenly, openReplies, writeMetrics, corsHeaders, onAnswer } = options
  const nextSyncToken = createSyncTokens()

  const openStream = (
    access: Access,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Answer | Promise<Answer | undefined> => {
    request.resume()
    const parsed = parsePathCommand(path, '', undefined)
    const stream = parsed.kind === 'parsed' ? access.toStream(parsed.value) : parsed
    if (stream.kind === 'invalid') return errorAnswer(400, stream.message)
    return streams.open(stream.value, response, { 'upstash-sync-token': nextSyncToken(), ...corsHeaders(request) })
  }

  const answerRoute = async (
    access: Access,
    { route, path, query }: Place,
    request: IncomingMessage,
    options: AnswerOptions,
  ): Promise<Answer | undefined> => {
    const body = hasBody(request) ? await readBody(request, maxBodyBytes) : undefined
    if (body?.kind === 'aborted') return undefined
    if (body?.kind === 'too-large') {
      return errorAnswer(413, `ERR max request size exceeded. Limit: ${maxBodyBytes} bytes`)
    }
    if (route !== 'path' && body !== undefined) return answerJson(access.executor, route, body.bytes, options)
    const command = parsePathCommand(path, query, body?.bytes)
    return command.kind === 'parsed'
      ? access.executor.single(command.value, options)
      : errorAnswer(400, command.message)
  }

  /** undefined when nothing is left to write: the client went away, or it was a stream. */
  const answerRequest = (
    place: Place,
    request: IncomingMessage,
    response: ServerResponse,
  ): Answer | Promise<Answer | undefined> => {
    const { path, route } = place
    const open = answerOpenly(request, path)
    if (open !== undefined) return open
    if (!methods.includes(request.method ?? '')) return methodAnswer(methods)
    const access = authorize(request, place.query)
    if (access === undefined) return errorAnswer(401, 'WRONGPASS invalid or missing auth token')
    if (path === '/metrics') {
      return access.isFull ? metricsAnswer(writeMetrics()) : errorAnswer(403, 'NOPERM this token cannot read /metrics')
    }
    const misplaced = routeAnswer(request, route, path)
    if (misplaced !== undefined) return misplaced
    if (route === 'stream') return openStream(access, path, request, response)
    const encoding = readEncoding(request)
    if (typeof encoding !== 'string') return encoding
    const replies = openReplies()
    response.once('close', replies.release)
    return answerRoute(access, place, request, { encoding, replies })
  }

  const write = (request: IncomingMessage, response: ServerResponse, answer: Answer, isLast: boolean): void => {
    const content = {
      'content-type': typeof answer.body === 'string' ? 'application/json' : 'application/octet-stream',
      'content-length': Buffer.byteLength(answer.body),
    }
    response.writeHead(answer.status, {
      // RFC 9110: a 204 has no length.
      ...(answer.status === 204 ? undefined : content),
      'upstash-sync-token': nextSyncToken(),
      ...(isLast ? { connection: 'close' } : undefined),
      ...corsHeaders(request),
      ...answer.headers,
    })
    response.end(request.method === 'HEAD' ? undefined : answer.body)
  }

  return async (request, response, isLast) => {
    const startedAt = performance.now()
    const place = readPlace(request.url ?? '/')
    let answer: Answer | undefined
    try {
      answer = await answerRequest(place, request, response)
    } catch {
      answer = errorAnswer(500, 'ERR the request could not be handled')
    }
    if (answer === undefined || response.destroyed) return
    write(request, response, answer, isLast())
    onAnswer(place.route, answer.status, performance.now() - startedAt)
  }
}
