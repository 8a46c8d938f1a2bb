import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'

const run = promisify(execFile)
const file = join(import.meta.dirname, `process-exit-${process.pid}.program.ts`)
afterAll(() => rm(file, { force: true }))

/** Runs a program that imports the library from its sources, and gives what it printed. */
async function print(program: string): Promise<string> {
  const imports = `import { createCache } from '../src/index.ts'\nimport { memory } from '../src/stores/memory/index.ts'\n`
  await writeFile(file, `${imports}import { z } from 'zod'\n${program}`)
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file])
  return stdout.trim()
}

test('a process whose last work is a read lives until the read is answered', async () => {
  const printed = await print(`
    const store = { ...memory(), read: () => new Promise<never>(() => {}) }
    const cache = createCache({ store, namespace: 'a', deadline: '300ms' })
    const many = cache.define({ name: 'many', ttl: '1m', input: z.int(), loadMany: async (ids) => ids.map((id) => id * 10) })
    console.log((await many.getMany([1, 2])).map(({ value, status }) => [value, status].join(' ')).join())
  `)
  expect(printed).toBe('10 bypass,20 bypass')
})

test('a process with an undelivered invalidation ends all the same', async () => {
  const printed = await print(`
    const store = { ...memory(), renew: () => Promise.reject(new Error('away')) }
    const cache = createCache({ store, namespace: 'a' })
    console.log((await cache.invalidate(['tag'])).delivered)
  `)
  expect(printed).toBe('false')
})
