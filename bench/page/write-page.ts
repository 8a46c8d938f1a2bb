/** Makes docs/benchmarks.md and its plots from bench/results/*.json. Results in another schema are left out, and named. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { Results } from '../harness/results.ts'
import { drawBars } from './draw-bars.ts'
import { readResults } from './read-results.ts'
import { toSection } from './to-section.ts'

const root = new URL('../../', import.meta.url)
const images = new URL('docs/images/bench/', root)

/** Draws what a benchmark asks for. Resolves with the file of each drawing. */
async function drawAll(results: Results): Promise<Map<string, string>> {
  const drawings = new Map<string, string>()
  for (const table of results.tables) {
    for (const measure of table.measures.filter(({ plot }) => plot === true)) {
      const svg = drawBars(table, measure)
      if (svg === undefined) continue
      const name = `${results.name}-${table.id}-${measure.key}.svg`
      await writeFile(new URL(name, images), svg)
      drawings.set(`${table.id}-${measure.key}`, `images/bench/${name}`)
    }
  }
  return drawings
}

await rm(images, { recursive: true, force: true })
await mkdir(images, { recursive: true })
const all = await readResults()
const sections: string[] = []
for (const results of all) sections.push(toSection(results, await drawAll(results)))
const head = `# Benchmarks

Written by \`npm run bench\` from \`bench/results\`: do not edit. How it is measured, and how to write one, is in [bench/README.md](../bench/README.md).
A figure is the median over the rounds of one run with the quartiles behind it; everything in a table was measured in turn, in the same run, on one machine over loopback.`
await writeFile(new URL('docs/benchmarks.md', root), `${[head, ...sections].join('\n\n')}\n`)
console.log(`docs/benchmarks.md: ${all.map(({ name }) => name).join(', ') || 'no results yet'}`)
