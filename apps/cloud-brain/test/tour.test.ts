import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { PersonaList } from '../src/routes/development.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const isMissing = (program: string) => spawnSync(program, ['--version']).status !== 0

/** The commands below a heading of a README, each paragraph on its own. */
async function readTour(path: string, heading: string): Promise<string[]> {
  const readme = await readFile(join(ROOT, path), 'utf8')
  const [, rest = ''] = readme.split(`## ${heading}\n`)
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(rest) ?? []
  return block.trim().split('\n\n')
}

/** Runs the steps one after another where `npm start` was called, and gives what they print under their first lines. */
async function runTour(steps: readonly string[], { api, token }: { api: string; token: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'cloud-brain-tour-'))
  await mkdir(join(folder, '.millpond'))
  await writeFile(join(folder, '.millpond', 'run.json'), JSON.stringify({ api, token }))
  const script = steps.map((step) => `echo "=== ${step.split('\n')[0]?.replaceAll(/["$`\\]/g, '')}"\n${step}\necho`)
  const run = spawn('bash', ['-c', `set -u\n${script.join('\n')}`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const chunks: string[] = []
  run.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  await once(run, 'close')
  await rm(folder, { recursive: true })
  const parts = chunks.join('').split(/^=== /m).slice(1)
  return new Map(
    parts.map((part) => [part.replace(/^# /, '').split(/[.:,?\n]/)[0] ?? '', part.slice(part.indexOf('\n') + 1)]),
  )
}

describe.skipIf(isMissing('curl') || isMissing('bash'))(
  'the tour of the README (needs: apt-get install -y curl bash)',
  () => {
    let dataDir: string
    let child: ChildProcess
    let outputs: Map<string, string>
    let firstOutput: string

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'cloud-brain-tour-'))
      child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
        cwd: ROOT,
        env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const [message] = await once(child, 'message')
      const { url: api, token } = z.object({ url: z.string(), token: z.string() }).parse(message)
      const seed = ['--import', 'tsx', 'src/demo/seed.ts', '--url', api, '--token', token, '--persona', 'all']
      await once(spawn(process.execPath, seed, { cwd: ROOT, stdio: 'ignore' }), 'exit')
      outputs = await runTour(await readTour('README.md', 'A tour with curl'), { api, token })
      // Somebody whose answers are not cached yet.
      const { personas } = PersonaList.parse(await (await fetch(`${api}/dev/personas`)).json())
      const nurse = personas.find(({ name }) => name === 'night-nurse')
      const first = await readTour('../../README.md', 'Try the system')
      const answers = await runTour(first, { api, token: nurse?.token ?? '' })
      firstOutput = [...answers.values()].join('')
    })
    afterAll(async () => {
      child?.kill('SIGKILL')
      await rm(dataDir, { recursive: true, force: true })
    })

    const outputOf = (title: string) => outputs.get(title) ?? `no step "${title}" among ${[...outputs.keys()]}`

    it('begins in the README of the repository with a miss, a hit and a new number', () => {
      const lines = firstOutput.trim().split(/\r?\n/)
      expect(lines).toEqual([
        expect.stringMatching(/^cache-status: millpond; fwd=miss/),
        expect.stringMatching(/^cache-status: millpond; hit/),
        expect.stringContaining('"message":"1 item stored"'),
        expect.stringContaining('"steps":43210,'),
      ])
    })

    it('shows a miss, then a hit, and the new number after an ingest', () => {
      expect(outputOf('Today in figures').match(/cache-status: millpond; [a-z=]+/gi)).toEqual([
        'cache-status: millpond; fwd=miss',
        'cache-status: millpond; hit',
      ])
      const afterIngest = outputOf('New data for today')
      expect(afterIngest).toContain('"message":"1 item stored"')
      expect(afterIngest).toMatch(/Cache-Status: millpond; fwd=miss/i)
      expect(afterIngest).toContain('"steps":54321')
      expect(outputOf('The week that ends today')).toMatch(/"steps":\[(\d+,){6}54321\]/)
    })

    it('connects the fake Strava', () => {
      expect(outputOf('Connect Strava')).toMatch(/\{"athlete_id":4242\}\{"connected":true,/)
    })

    it('exhausts the chat limit', () => {
      const asked = outputOf('Ask the coach until the 51st question of the day is refused with 429')
      expect(asked).toMatch(/^event: text\ndata: \{"text":"Your latest sleep: /)
      expect(asked).toContain('event: done')
      expect(asked.match(/\b(200|429)\b(?= )/g)).toEqual([...Array.from({ length: 49 }, () => '200'), '429'])
      expect(asked).toContain('"limit":50,"used":50,"remaining":0')
    })

    it('shows the other people, and nothing to a new user', () => {
      expect(outputOf('The other people of the demo data').match(/^[\w-]+: \{"insight":"[A-Z]/gm)).toEqual([
        expect.stringContaining('runner'),
        expect.stringContaining('night-nurse'),
        expect.stringContaining('beginner'),
      ])
      expect(outputOf('A new user (development only) sees nothing of this')).toContain('"steps":null')
    })
  },
)
