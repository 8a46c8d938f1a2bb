import type { LoadContext } from './spec.ts'

/** What one load is given. Its signal is made when the loader first asks for it: most never do, and one costs as much as half of a cache. */
export interface OwnContext extends LoadContext {
  /** The load has ended, or with a reason is given up: then its signal aborts. Nothing holds it any more. */
  end(reason?: Error): void
}

/** The signals of a cache's loads, each of its own: what a loader adds to a signal that outlives it would stay there. */
export interface LoadSignals {
  begin(): OwnContext
  /** Aborts the signals of the loads that run, and of those to come. */
  abort(): void
}

/** Creates the signals of a cache. */
export function createLoadSignals(): LoadSignals {
  const open = new Set<AbortController>()
  let aborted = false

  // A class: a getter in a literal would give each context a shape of its own.
  class Context implements OwnContext {
    #made: AbortController | undefined
    #ended = false

    get #controller(): AbortController {
      if (!this.#made) {
        this.#made = new AbortController()
        // Once the load is over nobody would take it out again.
        if (!this.#ended) open.add(this.#made)
        if (aborted) this.#made.abort()
      }
      return this.#made
    }

    get signal(): AbortSignal {
      return this.#controller.signal
    }

    end(reason?: Error): void {
      this.#ended = true
      if (reason) this.#controller.abort(reason)
      if (this.#made) open.delete(this.#made)
    }
  }

  return {
    begin: () => new Context(),
    abort() {
      aborted = true
      for (const controller of open) controller.abort()
    },
  }
}
