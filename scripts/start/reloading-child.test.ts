import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startReloadingChild } from './reloading-child.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-reload-'))
  mkdirSync(join(folder, 'src'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const serve = (answer: string): string => `
  import { createServer } from 'node:http'
  const server = createServer((_, response) => response.end('${answer}')).listen(process.env.PORT ?? 0, '127.0.0.1', () => {
    process.send({ type: 'ready', url: 'http://127.0.0.1:' + server.address().port })
  })`

it('startReloadingChild() starts the script again, on the same port, when a source changes, also after a crash', async () => {
  const module = join(folder, 'src', 'main.mjs')
  const lines: string[] = []
  writeFileSync(module, serve('one'))
  const child = startReloadingChild(
    {
      name: 'api',
      title: 'the API',
      module,
      cwd: folder,
      env: {},
      logFile: join(folder, 'api.log'),
      write: (line: string) => lines.push(line),
    },
    [join(folder, 'src')],
  )
  const { url } = await child.ready(20_000)
  const answer = async () => (await fetch(String(url)).catch(() => undefined))?.text()
  expect(await answer()).toBe('one')
  writeFileSync(module, serve('two'))
  await expect.poll(answer, { timeout: 20_000 }).toBe('two')
  writeFileSync(module, 'process.exit(5)')
  await expect.poll(() => lines, { timeout: 20_000 }).toContain('[api] ended with exit code 5: waiting for a change')
  writeFileSync(module, serve('three'))
  await expect.poll(answer, { timeout: 20_000 }).toBe('three')
  await child.stop(10_000)
  expect(await child.ending).toBe('a request to stop')
  expect(await answer()).toBe(undefined)
})
