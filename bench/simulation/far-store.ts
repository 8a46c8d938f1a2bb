import type { Clock } from 'millpond'
import type { Chance } from './chance.ts'

export interface Distance {
  readonly clock: Clock
  readonly chance: Chance
  /** Median of the way there and back, in milliseconds. */
  readonly roundTripMs: number
  /** Whether the store is away: what is asked then is never answered, and not done. */
  readonly isAway: () => boolean
  readonly onCall: (method: string) => void
}

/** `store` as an instance sees it over a network: each method takes half a way, happens, and takes the other half. */
export function atDistance<Store extends object>(store: Store, distance: Distance): Store {
  const { clock, chance, roundTripMs, isAway, onCall } = distance
  const half = (): Promise<void> => new Promise((resolve) => clock.after(chance.around(roundTripMs / 2), resolve))
  const far = Object.entries(store).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member]
    const call = async (...args: unknown[]): Promise<unknown> => {
      onCall(name)
      await half()
      if (isAway()) return new Promise(() => undefined)
      const answer: unknown = await member.apply(store, args)
      await half()
      return answer
    }
    return [name, call]
  })
  return Object.fromEntries(far) as Store
}
