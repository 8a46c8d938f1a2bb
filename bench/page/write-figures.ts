/** Puts the figures of bench/results into the pages that quote them; with --check says which pages are not as the results are, and ends with 1. */
import { readFile, writeFile } from 'node:fs/promises'
import { fillFigures } from './fill-figures.ts'
import { readResults } from './read-results.ts'

const root = new URL('../../', import.meta.url)
const pages = ['README.md', 'docs/scale.md', 'packages/millpond/README.md']
const checks = process.argv.includes('--check')
const results = await readResults()
for (const page of pages) {
  const file = new URL(page, root)
  const text = await readFile(file, 'utf8')
  const filled = fillFigures(text, results)
  if (filled === text) continue
  if (!checks) await writeFile(file, filled)
  else {
    console.error(`${page} quotes figures that bench/results does not have: npm run figures`)
    process.exitCode = 1
  }
}
