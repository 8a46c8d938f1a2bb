/**
 * `npm run soak -- --minutes 30 --seed 1`: the faults in random order, again and again, under load; with `--only "reset, evicts"` those alone whose names have one of the parts. Prints a line
 * after each, and at the end how long each kind took to recover from and what was wrong; ends with 1 when anything was.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildSystem } from '../test/system/start-system.ts'
import { type Fault, faults } from './nemesis.ts'
import { findSlow, toSummary } from './recoveries.ts'
import { type FaultReport, runFaults } from './run-faults.ts'
import { seededRandom } from './seeded-random.ts'
import { startTarget, type Target } from './target.ts'

const MOST_MINUTES = 240
/** Memory of the last third of the run over that of the first: caches fill and the collector takes its time, a leak goes on. */
const MOST_GROWTH = 1.5

/** Resident memory by process, in MiB. */
type Memory = Readonly<Record<string, number>>

const USAGE = `Usage: npm run soak -- [options]
  --minutes N  how long, at most ${MOST_MINUTES}; default 30
  --seed N     another order of the faults; default 1
  --only TEXT  only faults whose names have one of these parts, separated by commas. The names:
${faults.map(({ name }) => `                 ${name}`).join('\n')}`

function readOptions(): { minutes: number; seed: number; chosen: readonly Fault[] } | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { minutes: text, seed: text, only: text, help: { type: 'boolean' } } })
  const { minutes = '30', seed = '1', only = '', help = false } = values
  if (help) return undefined
  if (!/^\d+(\.\d+)?$/.test(minutes) || Number(minutes) <= 0 || Number(minutes) > MOST_MINUTES) {
    throw new RangeError(
      `Cannot soak: --minutes must be more than 0 and at most ${MOST_MINUTES}, received "${minutes}"`,
    )
  }
  if (!/^\d{1,9}$/.test(seed)) throw new RangeError(`Cannot soak: --seed must be a whole number, received "${seed}"`)
  const parts = only.split(',').map((part) => part.trim())
  const chosen = faults.filter(({ name }) => parts.some((part) => name.includes(part)))
  if (chosen.length === 0) {
    throw new RangeError(`Cannot soak: --only must have a part of the name of a fault, received "${only}"`)
  }
  return { minutes: Number(minutes), seed: Number(seed), chosen }
}

/** Faults until the time is over, each round in another order. */
function* shuffledUntil(chosen: readonly Fault[], endsAt: number, random: () => number): Generator<Fault> {
  for (;;) {
    const rest = [...chosen]
    while (rest.length > 0) {
      if (performance.now() >= endsAt) return
      yield* rest.splice(Math.floor(random() * rest.length), 1)
    }
  }
}

function readMemory({ apiA, apiB, site, rest }: Target): Memory {
  const residentOf = (pid: number) => {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kib) / 1024)
  }
  return Object.fromEntries([apiA, apiB, site, rest].map(({ name, pid }) => [name, residentOf(pid)]))
}

function findGrowth(samples: readonly Memory[]): string[] {
  const third = Math.floor(samples.length / 3)
  if (third < 3) return []
  const median = (part: readonly Memory[], name: string) => {
    const sorted = part.map((memory) => memory[name] ?? 0).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }
  return Object.keys(samples[0] ?? {}).flatMap((name) => {
    const [before, after] = [median(samples.slice(third, 2 * third), name), median(samples.slice(-third), name)]
    return after > before * MOST_GROWTH ? [`${name} grew from ${before} to ${after} MiB`] : []
  })
}

async function soak({ minutes, seed, chosen }: NonNullable<ReturnType<typeof readOptions>>): Promise<void> {
  const random = seededRandom(seed)
  const built = await buildSystem()
  if (built.code !== 0) throw new TypeError(`Cannot soak: the build failed\n${built.output}`)
  console.log(`Soaking for ${minutes} min with seed ${seed}`)
  const target = await startTarget({ random })
  const samples: Memory[] = []
  const endsAt = performance.now() + minutes * 60_000
  const between = (report: FaultReport) => {
    const memory = readMemory(target)
    samples.push(memory)
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 60_000))
    console.log(
      `${report.name}: recovered in ${report.recoveredMs} ms, ${report.stalledMs} of them stalled (${report.before}); ${JSON.stringify(memory)} MiB; ${left} min left`,
    )
  }
  try {
    const outcome = await runFaults(target, shuffledUntil(chosen, endsAt, random), { holdMs: 3_000, between })
    const wrong = [
      ...outcome.violations.map(({ rule, detail }) => `${rule}: ${detail}`),
      ...findSlow(outcome.faults),
      ...outcome.keysWithoutTtl.map((key) => `no TTL: ${key}`),
      ...findGrowth(samples),
    ]
    console.log(`\n${toSummary(outcome.faults)}\n\n${outcome.operations.length} operations, ${wrong.length} wrong`)
    for (const line of wrong) console.log(line)
    if (wrong.length > 0) process.exitCode = 1
  } finally {
    await target.stop()
  }
}

try {
  const options = readOptions()
  if (options === undefined) console.log(USAGE)
  else await soak(options)
} catch (error) {
  // What was typed wrong is no fault of the code.
  const isFlag = error instanceof TypeError && 'code' in error
  if (isFlag) console.error(`Cannot soak: ${error.message.split('. ')[0]}; see --help`)
  else console.error(error instanceof RangeError ? error.message : error)
  process.exitCode = 1
}
