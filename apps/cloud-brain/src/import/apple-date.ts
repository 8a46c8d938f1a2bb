const FORMAT = /^(\d{4}-\d\d-\d\d) (\d{1,2}):(\d\d:\d\d)(?:[ \u00a0\u202f]?([ap])\.?m\.?)? ([+-]\d\d):?(\d\d)$/i

/** The instant of a date such as `2026-03-29 07:30:00 +0100`, in milliseconds; undefined where it is none. Some phones write `am` and `pm`. */
export function toInstant(text: string | undefined): number | undefined {
  const [, day, hour = '', rest, half, offsetHours, offsetMinutes] = FORMAT.exec(text ?? '') ?? []
  if (day === undefined) return undefined
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const instant = Date.parse(`${day}T${String(hours).padStart(2, '0')}:${rest}${offsetHours}:${offsetMinutes}`)
  return Number.isNaN(instant) ? undefined : instant
}
