import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lockFolder, makeFolder } from '../index.mjs'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return { ...real, link: vi.fn(real.link), writeFile: vi.fn(real.writeFile) }
})

let parent: string
let folder: string
const processes: ChildProcess[] = []

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'folder-lock-'))
  folder = join(parent, 'data')
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map(kill))
  await rm(parent, { recursive: true, force: true })
})

async function start(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'contender.mjs'), [folder])
  processes.push(child)
  await once(child, 'message')
  return child
}

async function ask(child: ChildProcess, command: 'take' | 'release'): Promise<unknown> {
  const answered = once(child, 'message')
  child.send(command)
  return (await answered)[0]
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

describe('lockFolder()', () => {
  test('throws naming the folder and the process that has it', async () => {
    const holder = await start()
    expect(await ask(holder, 'take')).toBe('held')
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'ERR_FOLDER_LOCKED',
      folder,
      pid: holder.pid,
      message: `Cannot open the folder ${folder}: process ${holder.pid} has it open; stop that process, or choose another folder`,
    })
  })

  test('throws when a process has the folder by another name, whether it is there yet or not', async () => {
    const holder = await start()
    const alias = join(parent, 'alias')
    await symlink(parent, alias)
    expect(await ask(holder, 'take')).toBe('held')
    await expect(lockFolder(join(alias, 'data'))).rejects.toMatchObject({ pid: holder.pid })
    await mkdir(folder)
    const direct = join(parent, 'direct')
    await symlink(folder, direct)
    await expect(lockFolder(direct)).rejects.toMatchObject({ folder: direct, pid: holder.pid })
  })

  test('leaves nothing beside the lock when the disk is full', async () => {
    const lock = await lockFolder(folder)
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const { writeFile: write } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises')
    vi.mocked(writeFile).mockImplementationOnce(async (path) => {
      await write(path, '')
      throw full
    })
    await expect(lock.release()).rejects.toBe(full)
    expect(await readdir(`${folder}.locks`)).toEqual(['1'])
    await lock.release()
  })

  test('throws in the process that has it, and gives it again after release()', async () => {
    const lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ pid: process.pid })
    await lock.release()
    await (await lockFolder(folder)).release()
    expect(await readdir(`${folder}.locks`)).toEqual(['2'])
  })

  test('gives nothing back by a second release() once another has the folder', async () => {
    const first = await lockFolder(folder)
    await Promise.all([first.release(), first.release()])
    const second = await lockFolder(folder)
    await first.release()
    await expect(lockFolder(folder)).rejects.toMatchObject({ pid: process.pid })
    await second.release()
  })

  test('is nobody’s who was so slow that others took and gave back the folder meanwhile', async () => {
    const other = await start()
    await mkdir(`${folder}.locks`)
    await writeFile(join(`${folder}.locks`, '1'), '999999999')
    vi.mocked(link).mockImplementationOnce(async (...paths) => {
      for (const command of ['take', 'release', 'take'] as const) await ask(other, command)
      await link(...paths)
    })
    await expect(lockFolder(folder)).rejects.toMatchObject({ pid: other.pid })
    expect(await readdir(`${folder}.locks`)).toEqual(['3'])
  })

  test('takes a lock with our own pid that we do not hold: in a container it is from the life before', async () => {
    await mkdir(`${folder}.locks`)
    await writeFile(join(`${folder}.locks`, '1'), `${process.pid}`)
    await (await lockFolder(folder)).release()
  })

  test('gives the folder back by a second release() when the first could not', async () => {
    const lock = await lockFolder(folder)
    await rm(`${folder}.locks`, { recursive: true })
    await expect(lock.release()).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(lockFolder(folder)).rejects.toMatchObject({ pid: process.pid })
    await mkdir(`${folder}.locks`)
    await lock.release()
    await (await lockFolder(folder)).release()
  })

  test('gives one of many in one process the folder', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  })

  test('gives the lock of a dead process to exactly one of many processes that want it, again and again', async () => {
    const contenders = await Promise.all(Array.from({ length: 6 }, start))
    for (let round = 0; round < 5 && contenders.length > 1; round += 1) {
      const answers = await Promise.all(contenders.map((child) => ask(child, 'take')))
      expect([...answers].sort()).toEqual([...Array(contenders.length - 1).fill('ERR_FOLDER_LOCKED'), 'held'])
      const holder = answers.indexOf('held')
      // Even rounds: the holder dies. Odd rounds: it gives the folder back and goes on trying.
      if (round % 2 === 0) await Promise.all(contenders.splice(holder, 1).map(kill))
      else expect(await ask(contenders[holder] as ChildProcess, 'release')).toBe('released')
    }
  })
})

test('makeFolder() makes those above it too, several at a time, and leaves what is there', async () => {
  for (let round = 0; round < 300; round += 1) {
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(folder, String(round), 'a', 'b'))))
  }
  const deep = join(folder, 'a', 'b')
  for (let turn = 0; turn < 2; turn += 1) await makeFolder(deep)
  expect(await readdir(join(folder, 'a'))).toEqual(['b'])
})

test('makeFolder() says why it cannot: below a file', async () => {
  await writeFile(join(parent, 'file'), '')
  for (const below of ['file', join('file', 'a', 'b')]) {
    await expect(makeFolder(join(parent, below))).rejects.toMatchObject({
      code: below === 'file' ? 'EEXIST' : 'ENOTDIR',
    })
  }
})

test('lockFolder() says why it cannot below a file', async () => {
  const file = join(parent, 'file')
  await writeFile(file, '')
  await expect(lockFolder(join(file, 'db'))).rejects.toThrow(`ENOTDIR: not a directory, mkdir '${file}/db.locks'`)
})

test.runIf(existsSync('/proc/self'))('lockFolder() says that it cannot below /proc, and ends', async () => {
  for (const path of ['/proc/nope', '/proc/nope/a/b']) {
    await expect(lockFolder(path)).rejects.toMatchObject({ code: 'ENOENT' })
  }
})
