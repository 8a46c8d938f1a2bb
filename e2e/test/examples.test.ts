import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** Every page whose TypeScript examples are run as they stand. */
const guide = (await readdir(join(root, 'docs/guide')))
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs/guide', name))
const pages = ['README.md', 'packages/millpond/README.md', ...guide]

interface Example {
  readonly page: string
  readonly line: number
  readonly code: string
}

async function readExamples(page: string): Promise<Example[]> {
  const text = await readFile(join(root, page), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  return blocks.map((block) => ({ page, line: text.slice(0, block.index).split('\n').length, code: block[1] ?? '' }))
}

/** What the comments behind `console.log(…)` promise, in their order. */
function readPromises(code: string): string[] {
  return [...code.matchAll(/^\s*console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1] ?? '')
}

const examples = (await Promise.all(pages.map(readExamples))).flat()

describe('the examples', () => {
  let folder: string
  beforeAll(async () => {
    // Inside the workspace, so that its packages are found by name.
    folder = await mkdtemp(join(root, 'e2e', '.examples-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('are found on the pages that promise them', () => {
    expect(examples.filter(({ page }) => page === 'README.md').length).toBe(1)
    expect(examples.length).toBeGreaterThanOrEqual(9)
  })

  test.each(examples)('$page line $line runs and prints what it says', async ({ page, line, code }) => {
    const file = join(folder, `${relative(root, page).replaceAll(/[^a-z]/gi, '-')}-${line}.ts`)
    await writeFile(file, code)
    const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: root })
    const promised = readPromises(code)
    if (promised.length > 0) expect(stdout.trim().split('\n')).toEqual(promised)
  })
})
