import { toCell } from '../harness/print-table.ts'
import type { Results, Table } from '../harness/results.ts'

/** A file name relative to the page, for each measure of a table that was drawn. */
export type Drawings = ReadonlyMap<string, string>

const cellSafe = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function toTable(table: Table): string {
  const grouped = table.rows.some(({ group }) => group !== '')
  const heads = [...(grouped ? [''] : []), '', ...table.measures.map(({ title }) => title)]
  const lines = table.rows.map((row) => [
    ...(grouped ? [row.group] : []),
    row.contender.startsWith('millpond') ? `**${row.contender}**` : row.contender,
    ...table.measures.map(({ key, unit }) => toCell(row.values[key], unit)),
  ])
  const toLine = (cells: readonly string[]): string => `| ${cells.map(cellSafe).join(' | ')} |`
  return [toLine(heads), `|${heads.map(() => '---').join('|')}|`, ...lines.map(toLine)].join('\n')
}

function toTableSection(table: Table, drawings: Drawings): string {
  const images = table.measures.flatMap(({ key, title }) => {
    const path = drawings.get(`${table.id}-${key}`)
    return path === undefined ? [] : [`![${table.title}: ${title}](${path})`]
  })
  const ceiling = table.ceiling === undefined ? [] : [`Ratios are to **${table.ceiling}**, within a round.`]
  const note = table.note === undefined ? [] : [table.note]
  return [`### ${table.title}`, ...note, ...ceiling, ...images, toTable(table)].join('\n\n')
}

function toFacts({ machine, at, quick, command }: Results): string {
  const redis = machine.redis === undefined ? '' : `, Redis ${machine.redis}`
  return `\`${command}\` · ${at.slice(0, 10)}${quick ? ' · short run' : ''} · ${machine.cores} cores (${machine.cpu}), Node ${machine.node}${redis}, load ${machine.load}`
}

/** One benchmark as a section of the page. */
export function toSection(results: Results, drawings: Drawings): string {
  const notes = results.notes.map((note) => `- ${note}`).join('\n')
  const tables = results.tables.map((table) => toTableSection(table, drawings))
  return [`## ${results.title}`, toFacts(results), ...(notes === '' ? [] : [notes]), ...tables].join('\n\n')
}
