import { readdir, readFile } from 'node:fs/promises'
import type { Results } from '../harness/results.ts'

/** All of bench/results, by name. What is in another schema is left out, and named. */
export async function readResults(): Promise<readonly Results[]> {
  const folder = new URL('../results/', import.meta.url)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  const all = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(new URL(name, folder), 'utf8')) as Partial<Results>),
  )
  return all.flatMap((results, index) => {
    if (results.tables !== undefined) return [results as Results]
    console.error(`Left out: bench/results/${names[index]} has no tables`)
    return []
  })
}
