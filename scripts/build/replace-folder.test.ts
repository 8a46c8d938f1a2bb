import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { replaceFolder } from './replace-folder.mjs'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millpond-replace-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, folder, file)), { recursive: true })
    writeFileSync(join(root, folder, file), text)
  }
  return join(root, folder)
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

test('replaceFolder() leaves what is new, and nothing of what was removed', () => {
  const target = write('dist', {
    '.source-hash': 'stamp',
    'index.js': 'old',
    'gone.js': 'gone',
    'deep/gone.js': 'gone',
  })
  const source = write('dist.1', { 'index.js': 'new', 'deep/added.js': 'added' })
  replaceFolder(source, target)
  expect(filesIn(target)).toEqual(['.source-hash', 'deep/added.js', 'index.js'])
  expect(readFileSync(join(target, 'index.js'), 'utf8')).toBe('new')
  expect(readdirSync(root)).toEqual(['dist'])
})

test('replaceFolder() makes a folder that is not there yet', () => {
  replaceFolder(write('dist.1', { 'index.js': 'new' }), join(root, 'dist'))
  expect(filesIn(join(root, 'dist'))).toEqual(['index.js'])
})

test('replaceFolder() lets who has opened a file read it to its end, and does not touch one that is the same', () => {
  const target = write('dist', { 'index.js': 'old', 'same.js': 'same', 'cli.js': 'old' })
  chmodSync(join(target, 'cli.js'), 0o755)
  const open = openSync(join(target, 'index.js'), 'r')
  const { ino } = statSync(join(target, 'same.js'))
  replaceFolder(write('dist.1', { 'index.js': 'new', 'same.js': 'same', 'cli.js': 'new' }), target)
  expect(readFileSync(open, 'utf8')).toBe('old')
  closeSync(open)
  expect(statSync(join(target, 'same.js')).ino).toBe(ino)
  expect(statSync(join(target, 'cli.js')).mode & 0o111).toBe(0o111)
})
