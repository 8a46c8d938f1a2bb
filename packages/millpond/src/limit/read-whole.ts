import { toShown } from '../time/duration.ts'

/**
 * Checks a whole number.
 *
 * @throws {RangeError} when it is not one, or out of range
 */
export function readWhole(action: string, rule: { name: string; value: unknown; min: number; max?: number }): number {
  const { name, min, max } = rule
  const value = rule.value as number
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(`${action}: "${name}" must be an integer >= ${min}, received ${toShown(value)}`)
  }
  if (max !== undefined && value > max)
    throw new RangeError(`${action}: "${name}" must be at most ${max}, received ${value}`)
  return value
}
