import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const isMissing = (program: string) => spawnSync(program, ['--version']).status !== 0

/** The commands of the tour in the README, each paragraph on its own. */
async function readTour(): Promise<string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, block = ''] = /## A tour with curl[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? []
  return block.trim().split('\n\n')
}

describe.skipIf(isMissing('curl') || isMissing('bash'))(
  'the tour of the README (needs: apt-get install -y curl bash)',
  () => {
    let dataDir: string
    let child: ChildProcess
    let outputs: Map<string, string>

    beforeAll(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'cloud-brain-tour-'))
      child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
        cwd: ROOT,
        env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const [message] = await once(child, 'message')
      const { url, token } = z.object({ url: z.string(), token: z.string() }).parse(message)
      const seed = ['--import', 'tsx', 'src/demo/seed.ts', '--url', url, '--token', token, '--persona', 'all']
      await once(spawn(process.execPath, seed, { cwd: ROOT, stdio: 'ignore' }), 'exit')

      const [settings = '', ...steps] = await readTour()
      expect(settings.split('\n').map((line) => line.split('=')[0])).toEqual(['API', 'TOKEN', 'DAY'])
      const script = steps
        .map((step) => `echo "=== ${step.split('\n')[0]?.replaceAll(/["$`\\]/g, '')}"\n${step}\necho`)
        .join('\n')
      const run = spawn('bash', ['-c', `set -u\nAPI=${url}\nTOKEN=${token}\nDAY=$(date -u +%F)\n${script}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const chunks: string[] = []
      run.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
      await once(run, 'close')
      const parts = chunks
        .join('')
        .split(/^=== # /m)
        .slice(1)
      outputs = new Map(parts.map((part) => [part.split(/[.:,?]/)[0] ?? '', part.slice(part.indexOf('\n') + 1)]))
    })
    afterAll(async () => {
      child?.kill('SIGKILL')
      await rm(dataDir, { recursive: true, force: true })
    })

    const outputOf = (title: string) => outputs.get(title) ?? `no step "${title}" among ${[...outputs.keys()]}`

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
