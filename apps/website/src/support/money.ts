/** Digits after the point in a currency: 2 for most, 0 for the yen. */
export function currencyDigits(currency: string): number {
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
  return maximumFractionDigits
}

/**
 * A decimal price, such as `"3.5000"`, times a count, in the currency's smallest unit, without binary fractions; half a unit
 * is rounded up. Undefined for anything that is not a plain decimal or grows too large.
 */
export function toMinorUnits(
  price: string,
  { count, currency }: { count: number; currency: string },
): number | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,8}))?$/.exec(price.trim())
  if (match === null || !Number.isSafeInteger(count) || count < 0) return undefined
  const [, whole = '0', fraction = ''] = match
  const scaled = BigInt(whole + fraction.padEnd(8, '0')) * BigInt(count)
  const divisor = 10n ** BigInt(8 - currencyDigits(currency))
  const minor = Number((scaled + divisor / 2n) / divisor)
  return Number.isSafeInteger(minor) ? minor : undefined
}

/** As a reader writes it: `$12.50`, `¥900`. */
export function formatMoney({ amountMinor, currency }: { amountMinor: number; currency: string }): string {
  const digits = currencyDigits(currency)
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amountMinor / 10 ** digits)
}
