import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createServer } from 'millpond-rest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../servers/describe-with.ts'
import { freePort } from '../servers/free-port.ts'
import { type OwnedProcess, startOwnedProcess } from '../servers/owned-process.ts'
import { type StartedRedis, startRedis } from '../servers/redis.ts'
import { readProjectFiles } from './examples/read-examples.ts'

const root = join(import.meta.dirname, '../..')
const next = join(root, 'node_modules/next/dist/bin/next')

/** What `create-next-app` would have made around the files of the guide. */
const surroundings = {
  'package.json': JSON.stringify({ private: true, type: 'module' }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      lib: ['dom', 'dom.iterable', 'esnext'],
      strict: true,
      noEmit: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      jsx: 'react-jsx',
      skipLibCheck: true,
      paths: { '@/*': ['./src/*'] },
    },
    include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
  }),
  'src/app/layout.tsx': `import type { ReactNode } from 'react'

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
`,
}

/** A page of a project that has Next keep whatever is fetched. */
const keptPage = `import { product } from '@/lib/pond'

export const dynamic = 'force-dynamic'
export const fetchCache = 'force-cache'

export default async function Page() {
  const { status } = await product.get({ id: 8 })
  return <h1>{status}</h1>
}
`

async function writeProject(folder: string, cacheComponents: boolean): Promise<void> {
  // The workspace has the packages; a project of its own needs no root.
  const config = JSON.stringify({ cacheComponents, turbopack: { root } })
  const guide = await readFile(join(root, 'docs/guide/nextjs.md'), 'utf8')
  for (const [path, text] of [
    ...Object.entries(surroundings),
    ['next.config.mjs', `export default ${config}\n`] as const,
    ...readProjectFiles(guide),
    // Cache Components know no such project.
    ...(cacheComponents ? [] : [['src/app/kept/page.tsx', keptPage] as const]),
  ]) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** `create-next-app` switches Cache Components on; many projects are without. */
for (const cacheComponents of [true, false]) {
  describeWith(
    'redis',
    `the project of the Next.js guide ${cacheComponents ? 'with' : 'without'} Cache Components`,
    () => {
      let folder: string
      let redis: StartedRedis | undefined
      let rest: Awaited<ReturnType<typeof createServer>> | undefined
      let server: OwnedProcess | undefined
      let origin: string

      beforeAll(async () => {
        folder = await mkdtemp(join(root, 'e2e', '.examples-next-'))
        await writeProject(folder, cacheComponents)
        // Fails on a wrong type too.
        await promisify(execFile)(process.execPath, [next, 'build'], {
          cwd: folder,
          env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
        })
        redis = await startRedis()
        rest = await createServer({ redis: redis.url })
        const port = await freePort()
        origin = `http://127.0.0.1:${port}`
        server = await startOwnedProcess({
          program: process.execPath,
          args: [next, 'start', '--hostname', '127.0.0.1', '--port', String(port)],
          folder,
          readyLine: 'Ready in',
          stopSignal: 'SIGTERM',
          env: { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token },
        })
      }, 300_000)
      afterAll(async () => {
        await server?.stop()
        await rest?.close()
        await redis?.stop()
        await rm(folder, { recursive: true, force: true })
      })

      const ask = (path: string, address: string, init: RequestInit = {}): Promise<Response> =>
        fetch(origin + path, { ...init, headers: { 'X-Vercel-Forwarded-For': address, ...init.headers } })
      const askApi = (address: string, init?: RequestInit): Promise<Response> => ask('/api/products/7', address, init)

      it('answers from the cache until a write, with the limit in its headers', async () => {
        const first = await askApi('203.0.113.1')
        expect([first.status, await first.json()]).toEqual([200, { id: 7, name: 'Lamp' }])
        expect(first.headers.get('Cache-Status')).toContain('fwd=miss')
        expect(first.headers.get('RateLimit')).toBe('"api";r=59;t=60')

        const second = await askApi('203.0.113.1')
        expect(second.headers.get('Cache-Status')).toContain('millpond; hit')
        expect(second.headers.get('RateLimit')).toMatch(/^"api";r=58;t=\d+$/)

        const etag = second.headers.get('ETag') ?? ''
        expect((await askApi('203.0.113.1', { headers: { 'If-None-Match': etag } })).status).toBe(304)

        expect((await askApi('203.0.113.1', { method: 'PUT' })).status).toBe(204)
        expect((await askApi('203.0.113.1')).headers.get('Cache-Status')).toContain('detail=tag-changed')
      })

      it('shows the same in a page, and what is no product is 400 and not found', async () => {
        const page = await ask('/products/7', '203.0.113.2')
        expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<h1>Lamp</h1>')])
        expect(await (await ask('/products/lamp', '203.0.113.2')).text()).toContain('This page could not be found')
        const refused = await ask('/api/products/lamp', '203.0.113.2')
        expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ title: 'Bad Request' })])
      })

      // Cache Components know no such page.
      if (!cacheComponents)
        it('asks the store itself, also on a page for which Next keeps what it fetches', async () => {
          const show = async () => /<h1>(\w+)/.exec(await (await ask('/kept', '203.0.113.5')).text())?.[1]
          expect([await show(), await show()]).toEqual(['miss', 'hit'])
          expect((await ask('/api/products/8', '203.0.113.5', { method: 'PUT' })).status).toBe(204)
          expect([await show(), await show()]).toEqual(['miss', 'hit'])
          await expect(readdir(join(folder, '.next/cache/fetch-cache'))).rejects.toThrow('ENOENT')
        })

      it('lets as many through as its limit says, for each address', async () => {
        // One after the other: a server that all of them keep busy would let some pass, since the policy is open.
        const answers: Response[] = []
        while (answers.length < 62) answers.push(await askApi('203.0.113.3'))
        const refused = answers.filter(({ status }) => status === 429)
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(60)
        expect(refused).toHaveLength(2)
        for (const { headers } of refused) expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0)
        expect((await askApi('203.0.113.4')).status).toBe(200)
      })
    },
  )
}
