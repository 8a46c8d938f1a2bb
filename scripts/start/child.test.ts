import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRunning } from '../is-running.mjs'
import { startChild } from './child.mjs'

let folder: string
let lines: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-child-'))
  lines = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function startScript(text: string) {
  const module = join(folder, 'script.mjs')
  writeFileSync(module, text)
  return startChild({
    name: 'part',
    title: 'the part',
    module,
    cwd: folder,
    env: process.env,
    logFile: join(folder, 'logs', 'part.log'),
    write: (line: string) => lines.push(line),
  })
}

const ready = `process.send({ type: 'other' }); process.send({ type: 'ready', url: 'u', pid: process.pid })`

describe('startChild()', () => {
  it('ready() gives the message of type ready', async () => {
    const child = startScript(`${ready}\nsetInterval(() => {}, 1000)`)
    expect(await child.ready(20_000)).toMatchObject({ type: 'ready', url: 'u' })
    await child.stop(10_000)
    expect(await child.ending).toBe('signal SIGTERM')
    expect(child.isStopping()).toBe(true)
  })

  it('ready() rejects, after the last line was shown, when the child ends first', async () => {
    const child = startScript(`console.error('the port is in use'); process.exit(2)`)
    const log = join(folder, 'logs', 'part.log')
    await expect(child.ready(20_000)).rejects.toThrow(`Cannot start the part: it ended with exit code 2; log: ${log}`)
    expect(lines).toEqual(['[part] the port is in use'])
  })

  it('ready() rejects when the child takes too long', async () => {
    const child = startScript('setInterval(() => {}, 1000)')
    await expect(child.ready(1)).rejects.toThrow('Cannot start the part: it was not ready within 0.001 s')
    await child.stop(10_000)
  })

  it('stop() kills a child that does not end by itself, and the processes it started', async () => {
    const child = startScript(`
      import { spawn } from 'node:child_process'
      process.on('SIGTERM', () => {})
      const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
      process.send({ type: 'ready', grandchild: grandchild.pid })
      setInterval(() => {}, 1000)`)
    const { grandchild } = await child.ready(20_000)
    await child.stop(20)
    expect(await child.ending).toBe('signal SIGKILL')
    await expect.poll(() => isRunning(Number(grandchild))).toBe(false)
  })

  it('keeps every line in the log', async () => {
    const child = startScript(`console.log('one'); console.error('two')`)
    await child.ending
    await expect
      .poll(() =>
        readFileSync(join(folder, 'logs', 'part.log'), 'utf8')
          .split('\n')
          .sort(),
      )
      .toEqual(['', 'one', 'two'])
  })
})
