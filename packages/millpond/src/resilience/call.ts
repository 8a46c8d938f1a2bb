/** A wrapper around calls to a store: passes the call on, bounds it, or refuses it. */
export type CallPolicy = <T>(operation: string, call: () => Promise<T>) => Promise<T>

/** Applies the first policy outermost. */
export function chain(outer: CallPolicy, inner: CallPolicy): CallPolicy {
  return (operation, call) => outer(operation, () => inner(operation, call))
}
