import { align } from './align.ts'
import type { FaultReport } from './run-faults.ts'

/** From the end of a fault until both processes have answered from the cache, without the time in which the machine did nothing for anybody. */
const MOST_RECOVERY_MS = 2_000
/** Late for this share of the time, the control, which is served first, says that everybody with work to do was held up for much longer. */
const BUSY_SHARE = 0.2
/** What no busy machine takes alone. */
const MOST_UNDECIDED_MS = 10_000

type Recovered = Pick<FaultReport, 'name' | 'recoveredMs' | 'stalledMs' | 'before'>

/** What of a recovery was the system's own; Infinity when it did not recover. */
function toOwnMs({ recoveredMs, stalledMs }: Recovered): number {
  return recoveredMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, recoveredMs - stalledMs)
}

/** How a recovery is judged. */
export type Verdict = 'in time' | 'undecided' | 'too slow'

/** Judges one recovery by the time that was the system's own; undecided when the machine was too busy to tell. */
export function judge(report: Recovered): Verdict {
  const ownMs = toOwnMs(report)
  if (ownMs <= MOST_RECOVERY_MS) return 'in time'
  const isBusy = report.stalledMs >= BUSY_SHARE * (report.recoveredMs ?? 0)
  return isBusy && ownMs <= MOST_UNDECIDED_MS ? 'undecided' : 'too slow'
}

/** The recoveries that did not happen or took too long, each in words. */
export function findSlow(reports: readonly Recovered[]): string[] {
  return reports.filter((report) => judge(report) === 'too slow').map(toWords)
}

function toWords({ name, recoveredMs, stalledMs, before }: Recovered): string {
  if (recoveredMs === undefined) return `no recovery: ${name} (${before})`
  return `slow recovery: ${name}, ${recoveredMs} ms, of which the machine stalled for ${stalledMs} (${before})`
}

/** By fault how often it was recovered from, how long that took as measured, and how long without stalls of the machine. */
export function toSummary(reports: readonly Recovered[]): string {
  const names = [...new Set(reports.map(({ name }) => name))]
  const rows = names.map((name) => {
    const own = reports.filter((report) => report.name === name)
    const measured = own.map(({ recoveredMs }) => recoveredMs ?? Number.POSITIVE_INFINITY)
    const times = [median(measured), Math.max(...measured), median(own.map(toOwnMs)), Math.max(...own.map(toOwnMs))]
    const count = (verdict: Verdict) => String(own.filter((report) => judge(report) === verdict).length)
    const shown = times.map((ms) => `${Math.round(ms)} ms`)
    return [name, String(own.length), ...shown, count('undecided'), count('too slow')]
  })
  return align([['fault', 'times', 'median', 'longest', 'own median', 'own longest', 'undecided', 'too slow'], ...rows])
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
