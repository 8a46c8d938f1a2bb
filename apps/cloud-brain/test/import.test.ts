import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { memory } from 'millpond/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ZipFile } from 'yazl'
import { type OpenDatabase, openPglite } from '../src/db/database.ts'
import { createHarness, dayOf, GENEROUS, openTestIssuer, type TestIssuer } from './harness.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ENTRY = 'apple_health_export/export.xml'
const HEAD =
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n]>\n<HealthData locale="en_GB">\n'
const FOOT = '</HealthData>\n'

const element = (name: string, attributes: Record<string, string>) =>
  `<${name} ${Object.entries(attributes)
    .map(([key, value]) => `${key}="${value}"`)
    .join(' ')}/>\n`
const record = (type: string, unit: string, value: string, at: string, source = 'Ana’s Watch') =>
  element('Record', {
    type: `HKQuantityTypeIdentifier${type}`,
    sourceName: source,
    unit,
    creationDate: at,
    startDate: at,
    endDate: at,
    value,
  })

const NOON = '2026-03-29 12:00:00 +0000'

/** Steps, kilocalories, pounds, a night and a run of one day in Lisbon, seen by a watch and a phone. */
const DAY = [
  record('StepCount', 'count', '6000', '2026-03-29 09:00:00 +0100'),
  record('StepCount', 'count', '3000', '2026-03-29 23:30:00 +0100'),
  record('StepCount', 'count', '3000', '2026-03-29 23:30:00 +0100'),
  record('StepCount', 'count', '5000', '2026-03-29 09:00:00 +0100', 'Ana’s iPhone'),
  record('ActiveEnergyBurned', 'kJ', '2092', '2026-03-29 09:00:00 +0100'),
  record('BodyMass', 'lb', '150', '2026-03-29 08:00:00 +0100'),
  record('DietaryEnergyConsumed', 'kcal', '2100', '2026-03-29 13:00:00 +0100', 'Food Diary'),
  record('StandTime', 'min', '5', '2026-03-29 09:00:00 +0100'),
  element('Record', {
    type: 'HKCategoryTypeIdentifierSleepAnalysis',
    sourceName: 'Ana’s Watch',
    startDate: '2026-03-28 23:00:00 +0000',
    endDate: '2026-03-29 07:30:00 +0100',
    value: 'HKCategoryValueSleepAnalysisAsleepCore',
  }),
  `<Workout workoutActivityType="HKWorkoutActivityTypeRunning" duration="30" durationUnit="min" sourceName="Ana’s Watch" startDate="2026-03-29 08:00:00 +0100" endDate="2026-03-29 08:30:00 +0100">
   <WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="3.1" unit="mi"/>
   <WorkoutStatistics type="HKQuantityTypeIdentifierActiveEnergyBurned" sum="320" unit="kcal"/>
  </Workout>\n`,
].join('')

describe('import', () => {
  let database: OpenDatabase
  let testIssuer: TestIssuer
  let folder: string
  let server: Server
  let url: string
  let harness: ReturnType<typeof createHarness>
  /** What arrived at the ingest. */
  let posted: number
  /** From this request on the API fails. */
  let failsFrom: number
  /** What becomes of an answer on its way back. */
  let onTheWay: (answer: Response) => Response
  let keys: (string | null)[]

  beforeAll(async () => {
    database = await openPglite()
    testIssuer = await openTestIssuer()
    folder = await mkdtemp(join(tmpdir(), 'cloud-brain-import-'))
    harness = createHarness({ database, store: memory(), testIssuer, policies: GENEROUS })
    const listener = getRequestListener(async (request) => {
      if (!request.url.endsWith('/ingest')) return harness.app.fetch(request, {})
      posted += 1
      keys.push(request.headers.get('idempotency-key'))
      return onTheWay(posted >= failsFrom ? new Response(null, { status: 500 }) : await harness.app.fetch(request, {}))
    })
    server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  })
  beforeEach(() => {
    posted = 0
    failsFrom = Number.POSITIVE_INFINITY
    onTheWay = (answer) => answer
    keys = []
  })
  afterAll(async () => {
    server?.close()
    server?.closeAllConnections()
    await database?.close()
    await testIssuer?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** A zip file as Apple Health makes it, out of pieces of XML that need not fit into memory. */
  async function writeZip(name: string, pieces: Iterable<string>, entry = ENTRY): Promise<string> {
    const path = join(folder, name)
    const zip = new ZipFile()
    zip.addBuffer(Buffer.from('<ClinicalDocument/>'), 'apple_health_export/export_cda.xml')
    zip.addReadStream(Readable.from(pieces), entry)
    zip.addBuffer(Buffer.from('<gpx/>'), 'apple_health_export/workout-routes/route.gpx')
    zip.end()
    const file = createWriteStream(path)
    zip.outputStream.pipe(file)
    await once(file, 'close')
    return path
  }

  async function run(args: readonly string[], { token, nodeArgs = [] }: { token: string; nodeArgs?: string[] }) {
    const child = spawn(
      process.execPath,
      [...nodeArgs, '--import', 'tsx', 'src/import/import-health.ts', ...args, '--url', url],
      { cwd: ROOT, env: { PATH: process.env.PATH, API_TOKEN: token }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const [output, errors]: [string[], string[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
    const [code] = await once(child, 'close')
    return { code, output: output.join(''), errors: errors.join('') }
  }

  it('puts an export on the days of the user’s timezone, each source apart, also when it comes twice', async () => {
    const user = await harness.createUser()
    await user.patch('/users/me/preferences', { timezone: 'Europe/Lisbon' })
    const path = await writeZip('export.zip', [HEAD, DAY, FOOT])
    const first = await run([path], user)
    expect(first).toEqual({
      code: 0,
      output: '8 records used, 1 duplicate, 0 not readable, 1 of other kinds: 6 items of 3 sources\nImported 6 items\n',
      errors: expect.stringMatching(/Reading the export: 100 %\n(?:Sending: \d+ %\n)+$/),
    })
    const summary = {
      date: '2026-03-29',
      steps: 9000,
      calories_consumed: 2100,
      calories_burned: 500,
      workouts_count: 1,
      sleep_hours: 7.5,
      weight_kg: 68.04,
    }
    expect(await dayOf(user.get('/analytics/daily-summary?date=2026-03-29'))).toEqual(summary)
    expect((await run([path], user)).code).toBe(0)
    expect(await dayOf(user.get('/analytics/daily-summary?date=2026-03-29'))).toEqual(summary)
    expect((await dayOf(user.get('/analytics/daily-summary?date=2026-03-30'))).steps).toBeNull()
  })

  it('goes on where it stopped when the API failed in the middle', async () => {
    const user = await harness.createUser()
    function* pieces() {
      yield HEAD
      for (let day = 0; day < 1200; day += 1) {
        const at = `${new Date(Date.UTC(2022, 0, 1 + day)).toISOString().slice(0, 10)} 12:00:00 +0000`
        yield record('StepCount', 'count', String(5000 + day), at)
      }
      yield FOOT
    }
    const path = await writeZip('long.zip', pieces())
    failsFrom = 2
    const broken = await run([path], user)
    expect([broken.code, broken.errors.trim().split('\n').at(-1), posted]).toEqual([
      1,
      'Cannot import: the API answered 500:',
      2,
    ])
    expect(await readFile(`${path}.sent`, 'utf8')).toMatch(/^[\w-]{43}\n$/)
    failsFrom = Number.POSITIVE_INFINITY
    expect((await run([path], user)).code).toBe(0)
    expect(posted).toBe(4)
    await expect(readFile(`${path}.sent`)).rejects.toThrow('ENOENT')
    expect((await dayOf(user.get('/analytics/daily-summary?date=2022-01-01'))).steps).toBe(5000)
    expect((await dayOf(user.get('/analytics/daily-summary?date=2025-04-14'))).steps).toBe(6199)
  })

  it('waits when it is asked to, and sends again under the same key, so that a batch whose answer got lost is not stored twice', async () => {
    const user = await harness.createUser()
    const path = await writeZip('waits.zip', [HEAD, record('StepCount', 'count', '6000', NOON), FOOT])
    const replayed: (string | null)[] = []
    onTheWay = (answer) => {
      replayed.push(answer.headers.get('idempotency-replayed'))
      return posted === 1 ? new Response(null, { status: 429, headers: { 'retry-after': '1' } }) : answer
    }
    const { code, errors } = await run([path], user)
    expect([code, errors]).toEqual([0, expect.stringContaining('Sending: asked to wait 1 s\n')])
    expect(keys).toEqual([expect.stringMatching(/^import-[\w-]{43}$/), keys[0]])
    expect(replayed).toEqual([null, 'true'])
  })

  it('does not wait for the next day when the day’s limit is reached', async () => {
    const user = await harness.createUser()
    const path = await writeZip('limit.zip', [HEAD, record('StepCount', 'count', '6000', NOON), FOOT])
    onTheWay = () => new Response('{"limit":100000}', { status: 429, headers: { 'retry-after': '3600' } })
    const { code, errors } = await run([path], user)
    expect([code, posted, errors.trim().split('\n').at(-1)]).toEqual([
      1,
      1,
      'Cannot import: the API answered 429: {"limit":100000}',
    ])
  })

  it('leaves out what is older than --since, and a --since that is no day', async () => {
    const user = await harness.createUser()
    const days = ['2026-03-27', '2026-03-28', '2026-03-29'].map((day) => `${day} 12:00:00 +0000`)
    const path = await writeZip('since.zip', [
      HEAD,
      ...days.map((at) => record('StepCount', 'count', '6000', at)),
      FOOT,
    ])
    expect(await run([path, '--since', '2026-03-28'], user)).toMatchObject({
      code: 0,
      output: '3 records used, 0 duplicates, 0 not readable, 0 of other kinds: 2 items of 1 source\nImported 2 items\n',
    })
    const stepsOf = async (date: string) => (await dayOf(user.get(`/analytics/daily-summary?date=${date}`))).steps
    expect([await stepsOf('2026-03-27'), await stepsOf('2026-03-28')]).toEqual([null, 6000])
    expect((await run([path, '--since', 'March'], user)).errors).toBe(
      'Cannot import: --since must be a day such as 2026-01-31\n',
    )
  })

  it('says what the API rejected, and why', async () => {
    const user = await harness.createUser()
    const path = await writeZip('rejected.zip', [
      HEAD,
      record('StepCount', 'count', '6000', NOON),
      record('BodyMass', 'kg', '7000', NOON),
      FOOT,
    ])
    const { code, output } = await run([path], user)
    expect([code, output.trim().split('\n').slice(1)]).toEqual([
      0,
      [expect.stringMatching(/^Rejected 1: weight: weight_kg: .*<=/), 'Imported 1 item'],
    ])
    expect((await dayOf(user.get('/analytics/daily-summary?date=2026-03-29'))).steps).toBe(6000)
  })

  it('reads 60 MB of XML in a heap of 64 MB', async () => {
    const user = await harness.createUser()
    function* pieces() {
      yield HEAD
      for (let minute = 0; minute < 250_000; minute += 1) {
        const at = new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString().replace('T', ' ').slice(0, 19)
        yield record('StepCount', 'count', '10', `${at} +0000`)
      }
      yield FOOT
    }
    const path = await writeZip('large.zip', pieces(), 'apple_health_export/Exportación.xml')
    const { code, output } = await run([path, '--dry-run'], { ...user, nodeArgs: ['--max-old-space-size=64'] })
    expect([code, output]).toEqual([
      0,
      '250000 records used, 0 duplicates, 0 not readable, 0 of other kinds: 174 items of 1 source\n',
    ])
    expect(posted).toBe(0)
  })

  it('tells what is wrong with a file in one line, and sends nothing of it', async () => {
    const user = await harness.createUser()
    const whole = await readFile(await writeZip('whole.zip', [HEAD, DAY.repeat(200), FOOT]))
    const damaged = Buffer.from(whole)
    damaged.fill(0x55, 400, 800)
    const files: [string, string | Buffer, string][] = [
      ['text.zip', 'hello', 'it must be the export.zip of Apple Health, or the export.xml out of it'],
      ['cut.zip', whole.subarray(0, whole.length - 200), 'the zip file is damaged, or was not copied completely'],
      ['damaged.zip', damaged, 'it is damaged, or was not copied completely'],
      ['broken.xml', `${HEAD}${DAY}<Record type="x" </HealthData>`, 'the XML is broken in line 19'],
      ['deep.xml', HEAD + '<a>\n'.repeat(1000), 'the XML is nested too deeply in line 69'],
      ['long.xml', `${HEAD}<Record x="${'a'.repeat(2_000_000)}`, 'an element is longer than 1 MiB in line 6'],
      ['other.xml', '<html></html>', 'the XML must be an export of Apple Health (HealthData)'],
    ]
    for (const [name, content, reason] of files) {
      const path = join(folder, name)
      await writeFile(path, content)
      const { code, errors } = await run([path], user)
      expect([code, errors.trim().split('\n').at(-1)]).toEqual([1, `Cannot import ${path}: ${reason}`])
    }
    const empty = await writeZip('empty.zip', ['x'], 'photos/image.jpg')
    expect(await run([empty], user)).toMatchObject({
      code: 1,
      errors: `Cannot import ${empty}: it must have apple_health_export/export.xml in it\n`,
    })
    const gone = join(folder, 'gone.zip')
    expect((await run([gone], user)).errors).toBe(`Cannot import ${gone}: there is no such file\n`)
    expect((await run([empty], { token: 'x' })).errors).toBe('Cannot import: the API does not accept the token\n')
    expect(posted).toBe(0)
  })

  it.each([
    [[], 'no file was named'],
    [['a.zip', 'b.zip'], 'one file at a time, received 2'],
    [['a.zip', '--sinse', '2026-01-31'], "Unknown option '--sinse'"],
    [['a.zip', '--since'], "Option '--since' needs a value"],
  ])('says what is wrong with %j, and how it is used', async (args, reason) => {
    const { code, errors } = await run(args, { token: 'x' })
    const [first, second] = errors.split('\n')
    expect([code, first, second]).toEqual([
      1,
      `Cannot import: ${reason}`,
      expect.stringMatching(/^Usage: npm run import/),
    ])
  })
})
