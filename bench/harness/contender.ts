/** One of those that are compared: a small adapter around a library, ours or a peer's. */
export interface Contender {
  /** As the tables and plots print it: `bentocache`, `raw GET`. */
  readonly name: string
  /**
   * One operation. `index` counts the operations of this contender from 0 and never repeats, so that an adapter can spread
   * them over keys. Whatever it resolves with is ignored; when it rejects, the benchmark ends with that error.
   */
  run(index: number): unknown
  /** Before each turn, not measured: fill what the turn reads, empty what it writes. */
  prepare?(): Promise<void> | void
}
