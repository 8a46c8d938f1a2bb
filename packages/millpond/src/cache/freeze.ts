/**
 * Freezes plain data to its depth. False when it holds something that cannot be frozen for good (a Date, bytes, an instance of a class), which is left as it is, as is what holds it:
 * such a value must not be shared.
 */
export function freeze(value: unknown): boolean {
  if (isPrimitive(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  const whole = Object.values(value).map(freeze).every(Boolean)
  if (whole) Object.freeze(value)
  return whole
}

/** Whether a value cannot be changed by nature. */
export function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}
