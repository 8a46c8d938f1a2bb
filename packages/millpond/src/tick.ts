/** The fewest asks of a tick that are worth two calls. */
const FEWEST = 8

/** What one tick asks of a store. */
export interface Tick {
  /** Counts one more ask, once it lies where `send` finds it. */
  add(): void
  /** Takes note of a call that is under way. */
  track(call: Promise<unknown>): void
}

/**
 * Calls `send` at the end of each tick that asked something; where it `splits`, perhaps once before the end too. Callers who all wait for one call make client and server take turns, each idle while the other
 * works. So where no call is under way, what was asked is sent as soon as it is half as much as the last such tick asked, while the rest is made; the two calls then keep both at work. Not after a tick of fewer
 * than 8 asks, and not while a call is under way: what then comes in is better sent together.
 */
export function createTick(
  { atTickEnd, splits }: { readonly atTickEnd: (run: () => void) => void; readonly splits?: boolean | undefined },
  send: () => void,
): Tick {
  let asked = 0
  let underWay = 0
  let half = Number.POSITIVE_INFINITY
  const ended = () => {
    underWay -= 1
  }

  return {
    add() {
      if (asked === 0) {
        const wasIdle = underWay === 0
        atTickEnd(() => {
          if (wasIdle) half = asked < FEWEST ? Number.POSITIVE_INFINITY : asked / 2
          asked = 0
          send()
        })
      }
      asked += 1
      if (splits && underWay === 0 && asked >= half) send()
    },
    track(call) {
      underWay += 1
      call.then(ended, ended)
    },
  }
}
