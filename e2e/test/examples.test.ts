import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith, startRedis } from '../servers/index.ts'
import { type Example, readDocstringExamples, readExamples, readPromises } from './examples/read-examples.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true })
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name))
}

async function readAll(files: readonly string[], read: (page: string, text: string) => Example[]): Promise<Example[]> {
  const found = files.map(async (page) => read(page, await readFile(join(root, page), 'utf8')))
  return (await Promise.all(found)).flat()
}

const published = ['packages/millpond', 'packages/redis-rest']
const pages = ['README.md', ...published.map((name) => `${name}/README.md`), ...(await filesIn('docs', '.md'))]
const sources = (await Promise.all(published.map((name) => filesIn(`${name}/src`, '.ts')))).flat()
const inPages = await readAll(pages.sort(), readExamples)
const inDocstrings = await readAll(sources.sort(), readDocstringExamples)
const examples = [...inPages, ...inDocstrings]
const toName = ({ page, line }: Example): string => `${page.replaceAll(/[^a-z]/gi, '-')}-${line}`

describe('the examples', () => {
  let folder: string
  beforeAll(async () => {
    // Inside the workspace, so that its packages are found by name.
    folder = await mkdtemp(join(root, 'e2e', '.examples-'))
    for (const example of examples) await writeFile(join(folder, `${toName(example)}.ts`), example.code)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('are found on the pages that promise them', () => {
    expect(inPages.filter(({ page }) => page === 'README.md').length).toBe(1)
    expect(inPages.length).toBeGreaterThanOrEqual(30)
    expect(inDocstrings.length).toBeGreaterThanOrEqual(20)
  })

  test('have right types', async () => {
    const compilerOptions = { noEmit: true, noUnusedLocals: false, lib: ['ES2023', 'DOM'], moduleDetection: 'force' }
    const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [compiler, '-p', folder], { cwd: folder }).catch((failed) => failed)
    expect(stdout).toBe('')
  })

  async function prove(example: Example, env: NodeJS.ProcessEnv): Promise<void> {
    const file = join(folder, `${toName(example)}.mjs`)
    await writeFile(file, (await transform(example.code, { loader: 'ts', target: 'es2022' })).code)
    const { stdout } = await run(process.execPath, [file], { cwd: root, env, timeout: 30_000 })
    const promised = readPromises(example.code)
    if (promised.length > 0) expect(stdout.trim().split('\n')).toEqual(promised)
  }

  const needRedis = examples.filter(({ code }) => code.includes('REDIS_URL'))
  test.each(examples.filter((example) => !needRedis.includes(example)))(
    '$page line $line runs and prints what it says',
    (example) => prove(example, process.env),
  )

  describeWith('redis', 'on a server', () => {
    let server: Awaited<ReturnType<typeof startRedis>>
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(() => server?.stop())
    test.each(needRedis)('$page line $line runs and prints what it says', (example) =>
      prove(example, { ...process.env, REDIS_URL: server.url }),
    )
  })
})
