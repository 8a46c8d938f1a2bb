/** Runs a load at once, or when `bounded` as soon as fewer than the allowed number of bounded loads run. First come, first served. */
export type Gate = <T>(bounded: boolean, run: () => Promise<T>) => Promise<T>

/** Creates a gate that lets `limit` bounded loads run at once: what the store usually keeps from the origin must not hit it all together. */
export function createGate(limit: number): Gate {
  const waiting: (() => void)[] = []
  let running = 0
  return async (bounded, run) => {
    if (!bounded) return run()
    if (running >= limit) await new Promise<void>((go) => void waiting.push(go))
    else running += 1
    try {
      return await run()
    } finally {
      // The place goes to the next in line, or back.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
