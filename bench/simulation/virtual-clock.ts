import type { Clock } from 'millpond'

interface Timer {
  readonly at: number
  readonly order: number
  fire: (() => void) | undefined
}

/** A clock that jumps from one moment at which something happens to the next. */
export interface VirtualClock extends Clock {
  /** Runs until nothing is due before `end`. What promises have to do is done before each jump. */
  runUntil(end: number): Promise<void>
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Begins at 0. Timers that fall due together fire in the order in which they were set. */
export function createVirtualClock(): VirtualClock {
  let now = 0
  let order = 0
  const heap: Timer[] = []
  const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

  function push(timer: Timer): void {
    let index = heap.length
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(timer, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = timer
  }

  function sink(timer: Timer): void {
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      if (left === undefined) break
      const [child, at] = right !== undefined && isBefore(right, left) ? [right, 2 * index + 2] : [left, 2 * index + 1]
      if (!isBefore(child, timer)) break
      heap[index] = child
      index = at
    }
    heap[index] = timer
  }

  function pop(): Timer | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) sink(last)
    return first
  }

  return {
    now: () => now,
    monotonic: () => now,
    after(ms, fire) {
      order += 1
      const timer: Timer = { at: now + ms, order, fire }
      push(timer)
      return () => {
        timer.fire = undefined
      }
    },
    async runUntil(end) {
      await settled()
      for (let next = heap[0]; next !== undefined && next.at <= end; next = heap[0]) {
        pop()
        if (next.fire === undefined) continue
        now = next.at
        next.fire()
        await settled()
      }
      now = end
    },
  }
}
