import { StoreReplyError, StoreUnavailableError } from '../../errors.ts'
import { type Command, type Commands, toReplyError } from '../commands.ts'

/** How many characters one POST may carry, unless it is one command: servers refuse one of more than some megabytes, and with it all that is in it. */
const CHARACTERS_PER_POST = 1_048_576
/** As how many a short command counts: a POST carries at most 256. */
const LEAST_CHARACTERS = 4_096

interface Waiting {
  readonly command: Command
  readonly json: string
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
  let posts: Waiting[][] = []
  let room = 0
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
    const leaving = posts
    posts = []
    scheduled = false
    leaving.forEach(deliver)
  }

  async function deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      const replies = await post(`[${batch.map(({ json }) => json)}]`)
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
        const json = JSON.stringify(command)
        const size = Math.max(json.length, LEAST_CHARACTERS)
        room -= size
        // One that follows must be in the same POST: POSTs are under way at once, and may overtake each other.
        if (!posts[0] || (room < 0 && !follows)) {
          room = CHARACTERS_PER_POST - size
          posts.push([])
        }
        posts.at(-1)?.push({ command, json, resolve, reject })
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

function createPost({ url, token, timeoutMs, fetch }: RestOptions): (body: string) => Promise<readonly unknown[]> {
  const target = new URL('pipeline', url.href.endsWith('/') ? url : `${url.href}/`)
  // Replicas lag: with the token of the last reply the next read sees our own writes.
  let syncToken = ''
  return async (body) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    if (syncToken) headers['upstash-sync-token'] = syncToken
    let response: Response
    let text: string
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      response = await fetch(target, { method: 'POST', headers, body, signal })
      text = await response.text()
    } catch (error) {
      throw new StoreUnavailableError(`Cannot reach the store: ${toReason(error)}`)
    }
    if (!response.ok) {
      // What is too large is refused by a store that serves.
      const Failure = response.status === 413 ? StoreReplyError : StoreUnavailableError
      throw new Failure(`Cannot ask the store: it answered HTTP ${response.status}`)
    }
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
