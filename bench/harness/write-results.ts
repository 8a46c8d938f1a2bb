import { mkdir, writeFile } from 'node:fs/promises'
import type { InfoSource } from './count-cost.ts'
import { readMachine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { printTable } from './print-table.ts'
import type { Results, Table } from './results.ts'

export interface ToWrite {
  readonly title: string
  readonly options: BenchOptions
  readonly tables: readonly Table[]
  readonly notes?: readonly string[]
  /** A connection to the Redis that was measured, for its version. */
  readonly redis?: InfoSource
}

/**
 * Prints the tables and writes `bench/results/<name>.json`, from which the page of plots is made. A run with `--only` prints and
 * writes nothing: its table is not whole.
 */
export async function writeResults(
  name: string,
  { title, options, tables, notes = [], redis }: ToWrite,
): Promise<void> {
  for (const table of tables) printTable(table)
  if (options.only !== undefined) return
  const results: Results = {
    name,
    title,
    command: `npm run bench -- ${name}${options.quick ? ' --quick' : ''}`,
    quick: options.quick,
    at: new Date().toISOString(),
    machine: await readMachine(redis),
    notes,
    tables,
  }
  const folder = new URL('../results/', import.meta.url)
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(results, null, 2)}\n`)
}
