import type { StoreKey } from '../key.ts'
import { type Clock, instantOf, within } from '../time/clock.ts'

/** One load or wait in progress, shared by the reads of this process that may be answered by it. */
export interface Flight<T> {
  readonly result: Promise<T>
  readonly begunAt: number
  /** Whether it goes to the loader without asking the store. */
  readonly alone: boolean
  /** Order of the moment at which the observation that gives the result began; undefined while none has begun. */
  observedAt: number | undefined
  /** The lease this flight holds and the tag versions read with it; undefined while it holds none. */
  held: { readonly token: string; readonly versions: readonly string[] } | undefined
}

/** The flights of one process. Order is a counter, not a clock: two moments are never equal. */
export interface Flights<T> {
  /** The order of this moment. */
  mark(): number
  /** The latest flight of the entry, unless it has ended or gone on for too long. */
  get(entry: StoreKey): Flight<T> | undefined
  /** Begins a flight, which replaces an older one of the same entry for reads that come later. */
  begin(entry: StoreKey, alone: boolean, run: (flight: Flight<T>) => Promise<T>): Flight<T>
  /** Waits for a flight as long as `get` would give it; undefined when it has not ended then. */
  wait(flight: Flight<T>): Promise<T | undefined>
}

/**
 * Creates an empty table of flights. One that takes longer than `patienceMs`, a wait for another's lease and a lease of its own, is left to itself: on some platforms the work of a request
 * never ends when the request does.
 */
export function createFlights<T>(clock: Clock, patienceMs: number): Flights<T> {
  const flights = new Map<StoreKey, Flight<T>>()
  let order = 0
  const leftMs = ({ begunAt }: Flight<T>): number => begunAt + patienceMs - instantOf(clock)
  return {
    mark: () => ++order,
    get(entry) {
      const flight = flights.get(entry)
      return flight && leftMs(flight) > 0 ? flight : undefined
    },
    wait: (flight) => within(clock, leftMs(flight), flight.result),
    begin(entry, alone, run) {
      // A microtask later: it is given the flight that it is the result of.
      const result = Promise.resolve()
        .then(() => run(flight))
        .finally(() => {
          if (flights.get(entry) === flight) flights.delete(entry)
        })
      const begunAt = instantOf(clock)
      const flight: Flight<T> = { result, begunAt, alone, observedAt: undefined, held: undefined }
      flights.set(entry, flight)
      // A rejection belongs to whoever awaits the flight; when nobody does any more it must not end the process.
      result.catch(() => {})
      return flight
    },
  }
}

/**
 * Whether a read that began at `since` may be answered by the flight. It may when what the flight will answer is observed after the read
 * began: then nothing that was invalidated before the read can be in it.
 */
export function isJoinable(flight: Flight<unknown>, since: number): boolean {
  return flight.observedAt === undefined || flight.observedAt > since
}

/**
 * Whether a look at the store, taken after the read began, shows that nothing was invalidated since the flight's load began: its lease still
 * stands and every tag still has the version that was read with the lease.
 */
export function isConfirmed(
  flight: Flight<unknown>,
  lease: string | null,
  versions: readonly (string | null)[],
): boolean {
  const { held } = flight
  return (
    held !== undefined && held.token === lease && held.versions.every((version, index) => version === versions[index])
  )
}
