import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockFolder } from '../src/db/folder-lock.ts'

let parent: string
let folder: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'cloud-brain-lock-'))
  folder = join(parent, 'pglite')
})
afterEach(() => rm(parent, { recursive: true }))

const deadPid = () => spawnSync(process.execPath, ['--version']).pid

it('lockFolder() names the pid, and leaves nothing when it is released', async () => {
  const lock = await lockFolder(folder)
  expect(JSON.parse(await readFile(`${folder}.lock`, 'utf8')).pid).toBe(process.pid)
  expect(await readdir(parent)).toEqual(['pglite.lock'])
  await lock.release()
  expect(await readdir(parent)).toEqual([])
})

it('lockFolder() throws when this process holds the folder', async () => {
  await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} is using it`)
})

it('lockFolder() throws and names folder and pid when another living process holds it', async () => {
  await writeFile(`${folder}.lock`, JSON.stringify({ pid: process.ppid }))
  await expect(lockFolder(folder)).rejects.toThrow(
    `Cannot open the database folder ${folder}: process ${process.ppid} is using it; stop that process, or set DATA_DIR to another folder`,
  )
})

it.each([
  ['of a dead process', () => JSON.stringify({ pid: deadPid() })],
  ['of an earlier process with the same pid', () => JSON.stringify({ pid: process.pid })],
  ['that is empty', () => ''],
])('lockFolder() takes over a lock %s', async (_, content) => {
  await writeFile(`${folder}.lock`, content())
  const lock = await lockFolder(folder)
  expect(await readdir(parent)).toEqual(['pglite.lock'])
  await lock.release()
})

it('lockFolder() gives a stale lock to one of many that want it', async () => {
  await writeFile(`${folder}.lock`, JSON.stringify({ pid: deadPid() }))
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(await readdir(parent)).toEqual(['pglite.lock'])
})
