import { StoreReplyError, StoreUnavailableError } from '../../errors.ts'
import { type Command, type Commands, toReplyError } from '../commands.ts'

/** How many commands one POST may carry. */
const COMMANDS_PER_POST = 256

interface Waiting {
  readonly command: Command
  /** Whether it must be in the same POST as the one before it: POSTs are under way at once, and may overtake each other. */
  readonly follows: boolean
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: unknown) => void
}

interface RestOptions {
  readonly url: URL
  readonly token: string
  readonly timeoutMs: number
  readonly fetch: typeof fetch
}

/** Commands over the REST protocol: those of one tick travel in one POST to `/pipeline`. */
export function createRestCommands(options: RestOptions): Commands {
  let waiting: Waiting[] = []
  let beforeFlush: (() => void)[] = []
  let scheduled = false
  const post = createPost(options)

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    endOfTick(flush)
  }

  function flush(): void {
    const runs = beforeFlush
    beforeFlush = []
    for (const run of runs) run()
    const batch = waiting
    waiting = []
    scheduled = false
    for (let start = 0; start < batch.length; ) {
      let end = start + COMMANDS_PER_POST
      while (batch[end]?.follows) end += 1
      void deliver(batch.slice(start, end))
      start = end
    }
  }

  async function deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      const replies = await post(batch.map(({ command }) => command))
      if (replies.length !== batch.length)
        throw new StoreReplyError('Cannot ask the store: it must answer each command of a pipeline')
      batch.forEach((item, index) => {
        settle(item, replies[index])
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    keyLocking: { state: 'untried' },
    send: (command, follows = false) =>
      new Promise((resolve, reject) => {
        waiting.push({ command, follows, resolve, reject })
        schedule()
      }),
    atTickEnd(run) {
      beforeFlush.push(run)
      schedule()
    },
  }
}

function settle({ command, resolve, reject }: Waiting, slot: unknown): void {
  const operation = command[0].toLowerCase()
  if (typeof slot !== 'object' || slot === null) {
    reject(new StoreReplyError(`Cannot ${operation}: the store must answer with a result or an error`))
  } else if ('result' in slot) resolve(slot.result)
  else reject(toReplyError(operation, 'error' in slot ? String(slot.error) : ''))
}

function createPost({
  url,
  token,
  timeoutMs,
  fetch,
}: RestOptions): (commands: readonly Command[]) => Promise<readonly unknown[]> {
  const target = new URL('pipeline', url.href.endsWith('/') ? url : `${url.href}/`)
  // Replicas lag: with the token of the last reply the next read sees our own writes.
  let syncToken = ''
  return async (commands) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    if (syncToken) headers['upstash-sync-token'] = syncToken
    let response: Response
    let text: string
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      response = await fetch(target, { method: 'POST', headers, body: JSON.stringify(commands), signal })
      text = await response.text()
    } catch (error) {
      throw new StoreUnavailableError(`Cannot reach the store: ${toReason(error)}`)
    }
    if (!response.ok) throw new StoreUnavailableError(`Cannot ask the store: it answered HTTP ${response.status}`)
    syncToken = response.headers.get('upstash-sync-token') ?? syncToken
    return readReplies(text)
  }
}

function readReplies(text: string): readonly unknown[] {
  let replies: unknown
  try {
    replies = JSON.parse(text)
  } catch {
    throw new StoreReplyError('Cannot ask the store: it must answer with JSON')
  }
  if (Array.isArray(replies)) return replies
  throw new StoreReplyError('Cannot ask the store: it must answer a pipeline with a list')
}

/** A name or code that says why a request failed, without its address or content. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed'
  const { cause } = error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return error.name === 'TimeoutError' ? 'no answer in time' : error.name
}

/** Cloudflare's workers answer many requests in one isolate, and one that ends takes its timers and its POSTs with it: what is of different requests stays apart. */
const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } }
const isSharedIsolate = navigator?.userAgent === 'Cloudflare-Workers'

/** After the callbacks of this turn of the event loop where the runtime can tell, otherwise after the microtasks of this callback. */
const endOfTick: (run: () => void) => void =
  typeof setImmediate === 'function' && !isSharedIsolate ? (run) => void setImmediate(run) : afterMicrotasks

/** As many as a take or a read needs from its call to its first command, and to spare. */
const MICROTASKS = 30

async function afterMicrotasks(run: () => void): Promise<void> {
  for (let waited = 0; waited < MICROTASKS; waited += 1) await null
  run()
}
