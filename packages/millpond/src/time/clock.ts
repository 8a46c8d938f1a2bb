/** The time as the library sees it. Tests pass a virtual one. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds since some moment, which no step of the machine's clock changes; without it `now` stands in. */
  monotonic?(): number
  /**
   * Calls `fire` once after `ms` milliseconds; the returned function cancels it. Keeps the process alive until then, since somebody waits for it, unless it is `background` work that nobody
   * waits for.
   */
  after(ms: number, fire: () => void, options?: { readonly background?: boolean }): () => void
}

/** The machine's clock: the one place where the core reads it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fire, { background = false } = {}) {
    const timer = setTimeout(fire, ms)
    // Browsers and workers have a number here, which keeps nothing alive.
    if (background) (timer as { unref?(): void }).unref?.()
    return () => clearTimeout(timer)
  },
}

/** The moment by which spans are measured, milliseconds since some moment: no step of the machine's clock lengthens or ends one. */
export function instantOf(clock: Clock): number {
  return clock.monotonic ? clock.monotonic() : clock.now()
}

/** Settles as `work` does, or resolves with undefined after `ms` milliseconds of the given clock. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined))
    work.then(resolve, reject).finally(cancel)
  })
}

/** Resolves after `ms` milliseconds of the given clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
