import type { Clock } from 'millpond'
import type { Chance } from './chance.ts'

/** The database behind the cache: a version for each item, and a book of what was acknowledged when. */
export interface Origin {
  /** Reads an item. The version is that of a random moment of the time it takes. */
  load(id: number): Promise<number>
  /** Commits a write. */
  write(id: number): number
  /** Notes that whoever wrote this version has been told that all will see it. */
  acknowledge(id: number, version: number): void
  /** The version that a read of now must give at least. */
  owed(id: number): number
  /** For how long it has been known that there is something newer than `version`, in milliseconds. */
  staleFor(id: number, version: number): number
  readonly loads: readonly number[]
}

export function createOrigin(items: number, clock: Clock, chance: Chance, loadMs: number): Origin {
  const versions = new Float64Array(items)
  const acknowledged = new Float64Array(items)
  const moments = new Map<number, Map<number, number>>()
  const loads: number[] = []
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))
  return {
    loads,
    async load(id) {
      loads.push(clock.now())
      const takesMs = chance.around(loadMs)
      const readsAt = takesMs * chance.uniform()
      await sleep(readsAt)
      const version = versions[id] ?? 0
      await sleep(takesMs - readsAt)
      return version
    },
    write(id) {
      const version = (versions[id] ?? 0) + 1
      versions[id] = version
      return version
    },
    acknowledge(id, version) {
      acknowledged[id] = Math.max(acknowledged[id] ?? 0, version)
      const times = moments.get(id) ?? new Map<number, number>()
      times.set(version, clock.now())
      moments.set(id, times)
    },
    owed: (id) => acknowledged[id] ?? 0,
    staleFor(id, version) {
      const times = [...(moments.get(id) ?? [])].filter(([newer]) => newer > version).map(([, at]) => at)
      return times.length === 0 ? 0 : clock.now() - Math.min(...times)
    },
  }
}
