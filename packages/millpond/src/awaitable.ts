/** A value, or a promise of it: what is usually there at once need not cost a turn of the microtask queue. */
export type Awaitable<T> = T | Promise<T>

/** Calls `next` with the value: at once when it is there, otherwise when it has come. */
export function whenReady<T, Result>(value: Awaitable<T>, next: (value: T) => Awaitable<Result>): Awaitable<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
