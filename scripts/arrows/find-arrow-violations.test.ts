import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findArrowViolations } from './find-arrow-violations.mjs'

const roots: string[] = []

/** Writes a tree of files and gives the violations in it as `file:line message`. */
function check(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'millpond-arrows-'))
  roots.push(root)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return findArrowViolations(root).map(({ file, line, message }) => `${file}:${line} ${message}`)
}

const library = (files: Record<string, string>): string[] =>
  check(Object.fromEntries(Object.entries(files).map(([file, text]) => [`packages/millpond/src/${file}`, text])))

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

describe('findArrowViolations()', () => {
  it('accepts imports that point inward and imports of the same part', () => {
    const violations = library({
      'index.ts': `export { createCache } from './cache/cache.ts'\nexport { disabled } from './stores/disabled/index.ts'`,
      'cache/cache.ts': `import { read } from './read.ts'\nimport { toKey } from '../key.ts'\nexport const createCache = [read, toKey]`,
      'http/headers.ts': `import type { Decision } from '../limit/decision.ts'\nexport type Header = Decision`,
      'stores/redis/index.ts': `import { Redis } from 'ioredis'\nexport const made = [Redis, process.pid]`,
      'integrations/hono.ts': `import type { Context } from 'hono'\nexport type C = Context`,
      'time/clock.ts': 'export const systemClock = () => Date.now()',
    })
    expect(violations).toEqual([])
  })

  it.each([
    ['errors.ts', '../time/clock.ts', 'errors must not import time: time/clock.ts'],
    ['cache/cache.ts', '../limit/limiter.ts', 'cache must not import limit: limit/limiter.ts'],
    ['limit/limiter.ts', '../stores/memory/index.ts', 'limit must not import stores: stores/memory/index.ts'],
    ['stores/memory/index.ts', '../../http/headers.ts', 'stores must not import http: http/headers.ts'],
    ['http/headers.ts', '../integrations/hono.ts', 'http must not import integrations: integrations/hono.ts'],
    ['utils/misc.ts', '../errors.ts', 'utils has no place in the layers'],
  ])('reports %s when it imports %s', (file, imported, message) => {
    const from = imported.replace(/^\.\.\/(?=time)/, './')
    expect(library({ [file]: `\nimport { x } from '${from}'\nexport const y = x` })).toEqual([
      `packages/millpond/src/${file}:2 ${message}`,
    ])
  })

  it('reports the main entry when it imports an edge of the library', () => {
    expect(library({ 'index.ts': `export { redis } from './stores/redis/index.ts'` })).toEqual([
      'packages/millpond/src/index.ts:1 the main entry imports an edge of the library: stores/redis/index.ts',
    ])
  })

  it('reports core when it imports a package or a module of Node.js, also as a type or on demand', () => {
    const text = `import type { S } from 'zod'\nexport const load = () => import('node:crypto')\nexport type T = S`
    expect(library({ 'cache/cache.ts': text })).toEqual([
      'packages/millpond/src/cache/cache.ts:1 core imports a package or a module of Node.js: zod',
      'packages/millpond/src/cache/cache.ts:2 core imports a package or a module of Node.js: node:crypto',
    ])
  })

  it('reports core when it reads the clock, the environment or the console', () => {
    const text = `export const a = Date.now()\nexport const b = process.env.X\nconsole.log(globalThis.process.pid, new Date(a))\nexport const c = new Date()`
    expect(library({ 'limit/limiter.ts': text })).toEqual([
      'packages/millpond/src/limit/limiter.ts:1 core reads its surroundings: Date.now',
      'packages/millpond/src/limit/limiter.ts:2 core reads its surroundings: process.env',
      'packages/millpond/src/limit/limiter.ts:3 core reads its surroundings: console.log',
      'packages/millpond/src/limit/limiter.ts:3 core reads its surroundings: globalThis.process.pid',
      'packages/millpond/src/limit/limiter.ts:4 core reads its surroundings: new Date()',
    ])
  })

  it('ignores comments, strings and tests', () => {
    const text = `// Date.now, import { x } from 'zod'\nexport const a = "process.env and console.log"`
    const test = `import { it } from 'vitest'\nimport { memory } from '../stores/memory/index.ts'\nit('x', () => console.log(memory))`
    expect(library({ 'cache/cache.ts': text, 'cache/cache.test.ts': test })).toEqual([])
  })

  it("reports an app that imports a package's files and a package that imports an app", () => {
    const violations = check({
      'apps/site/package.json': '{"name": "the-site"}',
      'apps/site/src/a.ts': `import { x } from '../../../packages/millpond/src/index.ts'\nexport { y } from 'millpond/src/key.ts'`,
      'apps/site/src/b.ts': `import { createCache } from 'millpond'\nexport { memory } from 'millpond/memory'\nexport const c = createCache`,
      'packages/redis-rest/src/a.ts': `export { x } from 'the-site'\nexport { y } from '../../../apps/site/src/a.ts'`,
    })
    expect(violations).toEqual([
      "apps/site/src/a.ts:1 an app imports a package's files: packages/millpond/src/index.ts",
      "apps/site/src/a.ts:2 an app imports a package's files: millpond/src/key.ts",
      'packages/redis-rest/src/a.ts:1 a package imports an app: the-site',
      'packages/redis-rest/src/a.ts:2 a package imports an app: apps/site/src/a.ts',
    ])
  })
})
