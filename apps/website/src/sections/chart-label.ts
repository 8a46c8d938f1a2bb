/** A number beside its bar; all of one chart in one form, which the highest decides: thousands from five digits on. */
export function toChartLabel(value: number, highest: number): string {
  if (highest >= 10_000) return `${(value / 1_000).toFixed(1)}k`
  return value.toLocaleString('en', { maximumFractionDigits: highest < 100 ? 1 : 0 })
}
