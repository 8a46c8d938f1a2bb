import { toShown } from '../time/duration.ts'

/**
 * Checks a limit.
 *
 * @throws {RangeError} when it is not a whole number from 1 to the largest
 */
export function readLimit(action: string, limit: unknown, largest: number): number {
  return readWhole(action, { name: 'limit', value: limit, min: 1, max: largest })
}

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
