import type { WaitlistStats } from '../waitlist/stats.ts'
import { joinedEvent } from './joined-event.ts'
import { readRetryAfter } from './post-join.ts'
import { readFigures } from './read-answer.ts'

const pollMs = 12_000
/** A stream that says nothing for so long, beats included, is gathered on its way or dead. */
const silenceMs = 40_000
/** The first event comes with the answer, so it is not waited for as long. */
const firstSilenceMs = 10_000
/** How long after a stream that could not be had the next one is asked for. */
const streamAgainMs = 120_000

export type Reading =
  | { readonly kind: 'streamed' | 'polled'; readonly stats: WaitlistStats }
  | { readonly kind: 'paused' | 'offline' | 'failed' }

interface Result {
  readonly reading: Reading
  /** Milliseconds until the next request makes sense. */
  readonly nextMs: number
}

type OnReading = (reading: Reading) => void

async function read(signal: AbortSignal): Promise<Result> {
  const response = await fetch('/api/waitlist/stats', { signal })
  if (response.status === 429) return { reading: { kind: 'paused' }, nextMs: readRetryAfter(response.headers) * 1000 }
  if (!response.ok) return { reading: { kind: 'failed' }, nextMs: pollMs * 2 }
  return { reading: { kind: 'polled', stats: readFigures(await response.json()) }, nextMs: pollMs }
}

const lost = (): Reading => ({ kind: navigator.onLine ? 'failed' : 'offline' })

/** Asks for the figures every 12 seconds; a 429 pauses it for as long as it says. Returns how to stop. */
function poll(onReading: OnReading): () => void {
  const stopped = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let earliest = 0
  const ask = async (): Promise<void> => {
    clearTimeout(timer)
    const waitMs = earliest - performance.now()
    if (waitMs > 0) {
      timer = setTimeout(ask, waitMs)
      return
    }
    const result = await read(stopped.signal).catch((): Result => ({ reading: lost(), nextMs: pollMs }))
    if (stopped.signal.aborted) return
    if (result.reading.kind === 'paused') earliest = performance.now() + result.nextMs
    onReading(result.reading)
    timer = setTimeout(ask, result.nextMs)
  }
  void ask()
  window.addEventListener(joinedEvent, ask, { signal: stopped.signal })
  return () => {
    clearTimeout(timer)
    stopped.abort()
  }
}

/** Takes the figures as the server sends them. `onRefused` is called once when there is no stream to be had; `onReading` says when one is interrupted. */
function stream(onReading: OnReading, onRefused: () => void): () => void {
  const source = new EventSource('/api/waitlist/live')
  let silence: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    clearTimeout(silence)
    source.close()
  }
  const refuse = (): void => {
    stop()
    onRefused()
  }
  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(refuse, silenceMs)
  }
  silence = setTimeout(refuse, firstSilenceMs)
  source.addEventListener('beat', heard)
  source.addEventListener('message', (event) => {
    heard()
    onReading({ kind: 'streamed', stats: readFigures(JSON.parse(event.data)) })
  })
  source.addEventListener('error', () => {
    // The browser tries again by itself, except after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) refuse()
    else if (!navigator.onLine) onReading(lost())
  })
  return stop
}

/**
 * The list's figures while the page can be seen: streamed, or asked for now and then where no stream is to be had. A hidden
 * page holds no connection. Returns how to stop.
 */
export function watchFigures(onReading: OnReading): () => void {
  const stopped = new AbortController()
  let stop: () => void = () => {}
  let again: ReturnType<typeof setTimeout> | undefined
  const begin = (): void => {
    end()
    if (document.hidden) return
    if (!navigator.onLine) onReading(lost())
    stop = stream(onReading, () => {
      stop = poll(onReading)
      again = setTimeout(begin, streamAgainMs)
    })
  }
  const end = (): void => {
    clearTimeout(again)
    stop()
    stop = () => {}
  }
  const options = { signal: stopped.signal }
  document.addEventListener('visibilitychange', begin, options)
  window.addEventListener('online', begin, options)
  window.addEventListener('offline', () => onReading(lost()), options)
  begin()
  return () => {
    stopped.abort()
    end()
  }
}
