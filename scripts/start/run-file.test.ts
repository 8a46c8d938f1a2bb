import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { removeOwnRunFile, removeStaleRunFile, writeRunFile } from './run-file.mjs'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-run-file-'))
  path = join(folder, 'made', 'run.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const info = { site: 'http://127.0.0.1:1', api: 'http://127.0.0.1:2', token: 't', store: 'memory' as const, pid: 7 }

describe('writeRunFile()', () => {
  it('makes the folder and a file that only its owner can read, and leaves nothing else behind', () => {
    writeRunFile(path, info)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(info)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'made'))).toEqual(['run.json'])
  })
})

describe('removeOwnRunFile()', () => {
  it('removes the file of its own process only', () => {
    writeRunFile(path, info)
    removeOwnRunFile(path, 8)
    expect(existsSync(path)).toBe(true)
    removeOwnRunFile(path, 7)
    expect(existsSync(path)).toBe(false)
  })

  it('does nothing when there is no file', () => {
    expect(removeOwnRunFile(path, 7)).toBe(undefined)
  })
})

describe('removeStaleRunFile()', () => {
  it('keeps the file of a process that runs', () => {
    writeRunFile(path, { ...info, pid: process.pid })
    removeStaleRunFile(path)
    expect(existsSync(path)).toBe(true)
  })

  it('removes the file of a process that is gone', () => {
    writeRunFile(path, { ...info, pid: spawnSync(process.execPath, ['--version']).pid })
    removeStaleRunFile(path)
    expect(existsSync(path)).toBe(false)
  })

  it('removes a file that cannot be read', () => {
    writeRunFile(path, info)
    writeFileSync(path, '{')
    removeStaleRunFile(path)
    expect(existsSync(path)).toBe(false)
  })
})
