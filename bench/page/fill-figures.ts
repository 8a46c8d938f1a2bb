import { toReadable } from '../harness/print-table.ts'
import type { Results, Value } from '../harness/results.ts'

export class FigureError extends Error {
  readonly code = 'FIGURE_MISSING'
}

/** `<!-- figure cache/hits "millpond" "64 callers" ratio -->2.1<!-- end -->`: result and table, contender, group where there is one, measure. */
const figure = /<!-- figure (\S+?)\/(\S+) "([^"]*)"(?: "([^"]*)")? (\w+) -->[^<]*<!-- end -->/g

function toText(value: Value | undefined): string | undefined {
  if (typeof value === 'number') return toReadable(value)
  if (typeof value === 'object' && value !== null) return toReadable(value.median)
  return value === null ? '–' : value === undefined ? undefined : String(value)
}

/**
 * The page with every figure as the results have it now.
 *
 * @throws {FigureError} when a figure names what no result has
 */
export function fillFigures(page: string, results: readonly Results[]): string {
  return page.replaceAll(figure, (mark, name, id, contender, group, measure) => {
    const table = results.find((result) => result.name === name)?.tables.find((one) => one.id === id)
    const row = table?.rows.find((one) => one.contender === contender && (group === undefined || one.group === group))
    const text = toText(row?.values[measure])
    if (text === undefined) throw new FigureError(`Cannot fill a figure: no result has ${mark}`)
    return mark.replace(/-->[^<]*<!--/, `-->${text}<!--`)
  })
}
