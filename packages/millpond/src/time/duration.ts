type Unit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A length of time: milliseconds as a number, or a text such as `'250ms'`, `'60s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${Unit}`

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const satisfies Record<Unit, number>

/** What a duration is for, and the range it must lie in (milliseconds, both ends included). */
export interface DurationRule {
  /** The start of the message, such as `Cannot define "stats"`. */
  readonly action: string
  /** The option's name, such as `ttl`. */
  readonly name: string
  readonly maxMs: number
}

/**
 * Converts a duration to whole milliseconds.
 *
 * @throws {RangeError} when it cannot be parsed, is not a whole number of milliseconds, or is out of range
 */
export function toMilliseconds(value: Duration, { action, name, maxMs }: DurationRule): number {
  const ms = typeof value === 'number' ? value : parse(value)
  if (!Number.isSafeInteger(ms) || ms < 1 || ms > maxMs) {
    throw new RangeError(
      `${action}: "${name}" must be a duration from 1 ms to ${maxMs} ms such as "5m", received ${toShown(value)}`,
    )
  }
  return ms
}

function parse(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? []
  // What "1.1s" is off by as a double is no part of what was meant.
  return Number((Number(count) * UNIT_MS[unit as Unit]).toFixed(6))
}

/** A value as messages show it: a text in quotes, so that it is told from a number. */
export function toShown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
