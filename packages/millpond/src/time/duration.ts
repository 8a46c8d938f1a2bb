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
  readonly minMs?: number
  readonly maxMs: number
}

/**
 * Converts a duration to whole milliseconds.
 *
 * @throws {RangeError} when it cannot be parsed, is not a whole number of milliseconds, or is out of range
 */
export function toMilliseconds(value: Duration, rule: DurationRule): number {
  const minMs = rule.minMs ?? 1
  const ms = typeof value === 'number' ? value : parse(value)
  if (!Number.isSafeInteger(ms) || ms < minMs || ms > rule.maxMs) {
    throw new RangeError(
      `${rule.action}: "${rule.name}" must be a duration from ${minMs} ms to ${rule.maxMs} ms such as "5m", received ${toShown(value)}`,
    )
  }
  return ms
}

function parse(text: unknown): number {
  const match = typeof text === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : null
  if (!match) return Number.NaN
  const ms = Number(match[1]) * UNIT_MS[match[2] as Unit]
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : Number.NaN
}

/** A value as messages show it: a text in quotes, so that it is told from a number. */
export function toShown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
