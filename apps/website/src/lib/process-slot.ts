export interface ProcessSlot<T> {
  read(): T | undefined
  write(value: T | undefined): void
}

/**
 * A value that exists once per process. Next bundles the proxy, the instrumentation and each route apart, so a module's
 * own variable exists several times; a registered symbol on globalThis does not. Use one type per name.
 */
export function processSlot<T>(name: string): ProcessSlot<T> {
  const key = Symbol.for(`headwater.${name}`)
  return {
    read: (): T | undefined => Reflect.get(globalThis, key),
    write: (value) => {
      Reflect.set(globalThis, key, value)
    },
  }
}
