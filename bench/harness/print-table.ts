import type { Table, Value } from './results.ts'

/** A number as people read it: `122 k`, `3.4`, `0.087`. */
export function toReadable(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`
  return String(size >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
}

/** A cell of a table as text: a spread as its median with the quartiles. */
export function toCell(value: Value | undefined, unit: string): string {
  if (value === undefined || value === null) return '–'
  const suffix = unit === '' ? '' : unit.startsWith('/') ? unit : ` ${unit}`
  if (typeof value === 'number') return `${toReadable(value)}${suffix}`
  if (typeof value === 'object') {
    return `${toReadable(value.median)}${suffix} (${toReadable(value.q1)}–${toReadable(value.q3)})`
  }
  return String(value)
}

/** Prints a table to the terminal. */
export function printTable(table: Table): void {
  console.log(`\n${table.title}`)
  const heads = table.measures.map(({ title }) => title)
  const lines = table.rows.map((row) => [
    row.group,
    row.contender,
    ...table.measures.map(({ key, unit }) => toCell(row.values[key], unit)),
  ])
  const all = [['', '', ...heads], ...lines]
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  for (const line of all)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}
