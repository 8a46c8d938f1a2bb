import type { Command } from '../protocol/command.ts'
import { createBatchQueue } from './batch-queue.ts'
import type { Engine } from './engine.ts'
import { type Link, openLink } from './link.ts'
import type { Outcome } from './reply.ts'
import type { ReplyShare } from './reply-bytes.ts'
import { retryMs } from './retry-ms.ts'
import { createSeal, maySplit, type SealName } from './seal.ts'
import type { Target } from './target.ts'

export type ConnectionEvent =
  | { readonly type: 'engine-ready' }
  | { readonly type: 'engine-lost'; readonly reason: string }
  /** The first attempt failed; those after it are silent. */
  | { readonly type: 'engine-unreachable'; readonly reason: string }

export interface ConnectionOptions {
  readonly target: Target
  /** A command without a reply after this time becomes `unavailable`. Milliseconds, > 0. */
  readonly commandTimeoutMs: number
  readonly onEvent: (event: ConnectionEvent) => void
}

export interface Connection extends Engine {
  /** Resolves when the first attempt to connect succeeded or failed. */
  firstAttempt(): Promise<void>
  /** Whether the Redis of the current or last link is a node of a cluster. */
  isCluster(): boolean
}

/** Above this many unsent bytes Redis does not keep up, and taking more would only grow memory. */
const maxUnsentBytes = 64 * 1024 * 1024

const lost = 'ERR the connection to Redis was lost before the reply: the command may or may not have run'

/**
 * One connection shared by all requests. It reconnects by itself; while it is down every command is answered `unavailable` at
 * once. Nothing waits in line and nothing is sent twice: a request gets its answer now, and a write may have run.
 */
export function createConnection({ target, commandTimeoutMs, onEvent }: ConnectionOptions): Connection {
  const queue = createBatchQueue(commandTimeoutMs, () => performance.now())
  let link: Link | undefined
  let isReady = false
  let isClosed = false
  let isCluster: boolean | undefined
  let multiRefusal: string | undefined
  let sealName: SealName = 'ECHO'
  let reason = 'connecting'
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  let firstDone = (): void => undefined
  const first = new Promise<void>((resolve) => {
    firstDone = resolve
  })

  const open = (): void => {
    const opened = openLink({
      target,
      onReady: (found) => {
        isCluster = found.isCluster ?? isCluster
        multiRefusal = found.multiRefusal
        sealName = found.mayEcho ? 'ECHO' : 'PING'
        if (isCluster === undefined) return opened.end('Redis is busy with a script')
        isReady = true
        failures = 0
        firstDone()
        onEvent({ type: 'engine-ready' })
      },
      lastOfWrite: () => {
        if (!queue.needsSeal()) return undefined
        const { command, frame } = createSeal(sealName)
        queue.addSeal(frame)
        return command
      },
      onFrame: (frame) => {
        if (!queue.take(frame)) opened.end('Redis sent a reply that nobody waits for')
      },
      onEnd: (why) => {
        const wasReady = isReady
        isReady = false
        reason = why
        queue.clear(lost)
        firstDone()
        if (isClosed) return
        if (wasReady) onEvent({ type: 'engine-lost', reason })
        else if (failures === 0) onEvent({ type: 'engine-unreachable', reason })
        retry = setTimeout(open, retryMs(failures))
        failures += 1
      },
    })
    link = opened
  }

  let watch: NodeJS.Timeout | undefined
  const startWatch = (): void => {
    watch ??= setInterval(
      () => {
        queue.expire()
        // A peer that vanished without a word is noticed here; the commands themselves were answered long before.
        if (queue.ageMs() > commandTimeoutMs * 2) link?.end('ETIMEDOUT')
        if (!queue.isEmpty()) return
        clearInterval(watch)
        watch = undefined
      },
      Math.max(1, Math.min(100, commandTimeoutMs / 4)),
    )
  }

  const trouble = (): string | undefined => {
    if (!isReady || link === undefined) return `ERR Redis is not reachable (${reason}): the command did not run`
    return link.unsentBytes() > maxUnsentBytes ? 'ERR Redis does not keep up: the command did not run' : undefined
  }

  const send = (commands: readonly Command[], replies?: ReplyShare): Promise<readonly Outcome[]> => {
    const message = trouble()
    if (message !== undefined) return Promise.resolve(commands.map(() => ({ kind: 'unavailable', message })))
    if (commands.length === 0) return Promise.resolve([])
    const refusal = commands[0]?.name === 'MULTI' ? multiRefusal : undefined
    if (refusal !== undefined) return Promise.resolve(commands.map(() => ({ kind: 'error', message: refusal })))
    return new Promise((resolve) => {
      // The first of several waits for nobody; those that come while it is under way share a write.
      const isUrgent = queue.isEmpty()
      queue.add(commands.length, resolve, { replies, maySplit: maySplit(commands) })
      link?.write(commands, isUrgent)
      startWatch()
    })
  }

  const close = async (): Promise<void> => {
    isClosed = true
    clearTimeout(retry)
    clearInterval(watch)
    link?.end('the connection was closed')
    isReady = false
    queue.clear(lost)
  }

  open()
  return { send, trouble, close, firstAttempt: () => first, isCluster: () => isCluster === true }
}
