import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureBuilt } from './ensure-built.mjs'

const part = (folder: string, needs: ('library' | 'tool' | 'app')[]) => ({
  folder,
  inputs: ['src', 'package.json'],
  args: ['--fast'],
  stamp: 'dist/.source-hash',
  needs,
})
const table = { library: part('library', []), tool: part('tool', []), app: part('app', ['library']) }

let root: string
let built: string[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-build-'))
  built = []
  for (const folder of ['library', 'tool', 'app']) {
    write(`${folder}/src/index.ts`, `export const name = '${folder}'`)
    write(`${folder}/package.json`, '{}')
  }
  write('tsconfig.base.json', '{}')
  write('package-lock.json', '{}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

const quiet = <T>(_: string, run: () => Promise<T>): Promise<T> => run()

/** Builds everything that is not up to date and gives the folders in the order in which their builds began. */
async function build(run: (folder: string) => Promise<void> = async () => undefined): Promise<string[]> {
  built = []
  await ensureBuilt(root, table, ['library', 'tool', 'app'], {
    run: (folder: string, args: readonly string[]) => {
      expect(args).toEqual(['--fast'])
      built.push(folder)
      return run(folder)
    },
    progress: quiet,
  })
  return built
}

describe('ensureBuilt()', () => {
  it('builds what is not built, what is needed first, and nothing twice', async () => {
    expect(await build()).toEqual(['library', 'tool', 'app'])
    expect(await build()).toEqual([])
    expect(readFileSync(join(root, 'app/dist/.source-hash'), 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['app/src/index.ts', ['app']],
    ['app/src/new.ts', ['app']],
    ['library/src/index.ts', ['library', 'app']],
    ['tool/package.json', ['tool']],
    ['tsconfig.base.json', ['library', 'tool', 'app']],
    ['package-lock.json', ['library', 'tool', 'app']],
    ['app/src/index.test.ts', []],
    ['app/README.md', []],
    ['app/dist/index.js', []],
  ])('after a change of %s builds %j', async (file, folders) => {
    await build()
    write(file, 'changed')
    expect(await build()).toEqual(folders)
  })

  it('starts builds that do not need each other side by side', async () => {
    let release = (): void => undefined
    const both = new Promise<void>((resolve) => {
      release = resolve
    })
    const folders = await build((folder) => {
      if (folder === 'tool') release()
      return folder === 'library' ? both : Promise.resolve()
    })
    expect(folders).toEqual(['library', 'tool', 'app'])
  })

  it('tries every build before it throws all errors, and does not take a failed one for built', async () => {
    const error = new TypeError('no')
    const failing = build((folder) => (folder === 'library' ? Promise.reject(error) : Promise.resolve()))
    await expect(failing).rejects.toMatchObject({
      message: 'Cannot continue: 1 of the builds failed',
      errors: [error],
    })
    expect(built).toEqual(['library', 'tool'])
    expect(await build()).toEqual(['library', 'app'])
  })
})
