import type { WaitlistStats } from './stats.ts'

/** How often the figures are read while somebody watches: one cached read for all viewers of a process. */
const everyMs = 2_000
/** Shorter than the idle limits of proxies, so that a quiet stream stays open and a dead one is noticed. */
const beatMs = 15_000
/** A stream ends after this and the browser opens another, so that viewers spread over the instances again. */
const lifetimeMs = 10 * 60_000
const retryMs = 5_000
/** Events that a viewer has not taken yet. One that is further behind is let go: each event has all figures. */
const backlog = 16

export interface FiguresStreams {
  /** Server-sent events for one more viewer: the figures now and at every change. Undefined when all places are taken. */
  open(viewer: string): ReadableStream<Uint8Array> | undefined
  /** Something has changed here: read now rather than at the next turn. Returns at once. */
  nudge(): void
  /** How many are open. */
  count(): number
  /** Ends every stream; later ones are not opened. */
  close(): void
}

interface Viewer {
  readonly key: string
  readonly until: number
  readonly controller: ReadableStreamDefaultController<Uint8Array>
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/**
 * The list's figures for whoever watches. Instances need not know of one another: each reads through the cache, which a join
 * anywhere invalidates. Nothing is read while nobody watches. At most `places` streams, and `placesEach` for one viewer's key.
 */
export function createFiguresStreams(options: {
  read: () => Promise<WaitlistStats>
  places?: number
  placesEach?: number
}): FiguresStreams {
  const { read, places = 1_000, placesEach = 6 } = options
  const viewers = new Set<Viewer>()
  let timers: NodeJS.Timeout[] = []
  let latest: string | undefined
  let isReading = false
  let isAgain = false
  let isClosed = false

  const letGo = (viewer: Viewer): void => {
    if (!viewers.delete(viewer)) return
    try {
      viewer.controller.close()
    } catch {
      // The other side closed it first.
    }
    if (viewers.size > 0) return
    timers.forEach(clearInterval)
    timers = []
    latest = undefined
  }
  const send = (viewer: Viewer, text: string): void => {
    if ((viewer.controller.desiredSize ?? 0) <= 0) letGo(viewer)
    else viewer.controller.enqueue(encode(text))
  }
  const look = async (): Promise<void> => {
    isAgain = true
    if (isReading) return
    isReading = true
    while (isAgain && viewers.size > 0) {
      isAgain = false
      // Without new figures the last ones stay; the page says how old a reading may be.
      const text = await read().then(JSON.stringify, () => undefined)
      if (text === undefined || text === latest || viewers.size === 0) continue
      latest = text
      for (const viewer of viewers) send(viewer, `data: ${text}\n\n`)
    }
    isReading = false
  }
  const beat = (): void => {
    const now = performance.now()
    for (const viewer of viewers) {
      if (viewer.until <= now) letGo(viewer)
      else send(viewer, 'event: beat\ndata:\n\n')
    }
  }
  const begin = (): void => {
    if (timers.length > 0) return
    timers = [setInterval(look, everyMs), setInterval(beat, beatMs)]
    for (const timer of timers) timer.unref()
  }

  return {
    open(key) {
      const own = [...viewers].filter((viewer) => viewer.key === key).length
      if (isClosed || viewers.size >= places || own >= placesEach) return undefined
      let viewer: Viewer | undefined
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            viewer = { key, until: performance.now() + lifetimeMs, controller }
            viewers.add(viewer)
            begin()
            send(viewer, `retry: ${retryMs}\n\n`)
            if (latest !== undefined) send(viewer, `data: ${latest}\n\n`)
            void look()
          },
          cancel() {
            if (viewer !== undefined) letGo(viewer)
          },
        },
        { highWaterMark: backlog },
      )
    },
    nudge: () => void look(),
    count: () => viewers.size,
    close() {
      isClosed = true
      for (const viewer of viewers) letGo(viewer)
    },
  }
}
