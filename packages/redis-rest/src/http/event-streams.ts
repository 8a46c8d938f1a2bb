import type { ServerResponse } from 'node:http'
import { decodeFrame, readError } from '../engine/frame.ts'
import { type Link, openLink } from '../engine/link.ts'
import type { Target } from '../engine/target.ts'
import { type Answer, errorAnswer } from '../protocol/answer.ts'
import type { StreamRequest } from '../protocol/confine-stream.ts'
import { toMonitorEvent, toSubscriptionEvent } from './event-text.ts'

/** How many streams may be open at once; each has a connection to Redis of its own. */
const maxStreams = 1_000

/** A client that lags behind by more than this is cut off, as Redis does with slow subscribers. */
const maxBufferedBytes = 16 * 1024 * 1024

/** A comment this often shows both sides that the other is there. */
const keepAliveMs = 25_000

export interface EventStreams {
  /**
   * Runs SUBSCRIBE, PSUBSCRIBE or MONITOR on a connection of its own and writes what comes as server-sent events, until the client,
   * Redis or the server ends it. Resolves with an answer when nothing was written, because Redis refused or is away.
   */
  open(
    request: StreamRequest,
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer | undefined>
  readonly count: number
  /** Ends all streams; those opened later are refused. */
  close(): void
}

function away(reason: string): Answer {
  return errorAnswer(503, `ERR Redis is not reachable (${reason}): the command did not run`, { 'retry-after': '1' })
}

/** `target` is asked for each stream. */
export function createEventStreams(target: () => Target): EventStreams {
  const links = new Set<Link>()
  let isClosed = false

  const open: EventStreams['open'] = ({ command, toReply = (reply) => reply }, response, headers) => {
    if (isClosed) return Promise.resolve(away('the server is closing'))
    if (links.size >= maxStreams) {
      return Promise.resolve(
        errorAnswer(503, `ERR there are too many streams: at most ${maxStreams}`, { 'retry-after': '10' }),
      )
    }
    const toEvent = command.name.toUpperCase() === 'MONITOR' ? toMonitorEvent : toSubscriptionEvent
    return new Promise((resolve) => {
      let hasBegun = false
      const keepAlive = (): void => {
        if (hasBegun) response.write(':\n\n')
        else link.end('ETIMEDOUT')
      }
      const timer = setInterval(keepAlive, keepAliveMs)
      const write = (frame: Buffer): void => {
        if (!hasBegun) {
          hasBegun = true
          // Kept alive it would hold up the server that closes.
          const own = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', connection: 'close' }
          response.writeHead(200, { ...own, ...headers })
        }
        response.write(toEvent(toReply(decodeFrame(frame))))
        if (response.writableLength > maxBufferedBytes) response.destroy()
      }
      const { socket } = response
      const leave = (): void => link.end('the client went away')
      const link = openLink({
        target: target(),
        onReady: () => link.write([command], true),
        onFrame: (frame) => {
          const error = hasBegun ? undefined : readError(frame)
          if (response.destroyed) return
          if (error === undefined) return write(frame)
          resolve(errorAnswer(400, error))
          link.end(error)
        },
        onEnd: (reason) => {
          links.delete(link)
          clearInterval(timer)
          // The next request of the connection may be a stream too.
          socket?.off('end', leave)
          if (hasBegun) response.end()
          resolve(hasBegun ? undefined : away(reason))
        },
      })
      links.add(link)
      response.on('close', leave)
      // A client that goes says no more than that it will not send anything.
      socket?.once('end', leave)
    })
  }

  return {
    open,
    get count() {
      return links.size
    },
    close: () => {
      isClosed = true
      for (const link of links) link.end('the server is closing')
    },
  }
}
