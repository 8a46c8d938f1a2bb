/** An abort signal that is made when somebody first asks for it: one costs as much as half of a cache. */
export interface LazySignal {
  signal(): AbortSignal
  abort(): void
}

/** Creates a signal to be. Asked for after `abort`, it is aborted from the start. */
export function createLazySignal(): LazySignal {
  let controller: AbortController | undefined
  let aborted = false
  return {
    signal() {
      controller ??= new AbortController()
      if (aborted) controller.abort()
      return controller.signal
    },
    abort() {
      aborted = true
      controller?.abort()
    },
  }
}
