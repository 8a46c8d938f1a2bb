import { type ClosedLoop, runClosedLoop, type Turn } from './closed-loop.ts'
import type { Contender } from './contender.ts'
import { type Arrivals, type OpenLoop, runOpenLoop } from './open-loop.ts'
import type { Row } from './results.ts'
import { type Spread, toSpread } from './spread.ts'

interface Rounds {
  readonly rounds: number
  /** Of the rows: `64 callers`. */
  readonly group: string
}

export interface RatesOptions extends Rounds, Omit<ClosedLoop, 'firstIndex'> {
  /** The name of the contender that the others are compared with, round by round; without it there are no ratios. */
  readonly ceiling?: string
  /** More contenders to compare with, each by the key of its column: `{ toRedis: 'raw ioredis' }`. */
  readonly ceilings?: Readonly<Record<string, string>>
}

export interface ArrivalsOptions extends Rounds, Omit<OpenLoop, 'firstIndex'> {}

/** Every second round goes backwards, so that no contender always comes after the same other. */
function orderOf<Of>(contenders: readonly Of[], round: number): readonly Of[] {
  return round % 2 === 0 ? contenders : contenders.toReversed()
}

/** A warm-up of all, then rounds of all in turn: what else the machine does weighs on all alike. */
async function interleave<Turn>(
  contenders: readonly Contender[],
  rounds: number,
  turn: (contender: Contender, firstIndex: number, warmUp: boolean) => Promise<{ turn: Turn; operations: number }>,
): Promise<ReadonlyMap<string, Turn[]>> {
  const turns = new Map<string, Turn[]>(contenders.map(({ name }) => [name, []]))
  if (turns.size < contenders.length) throw new TypeError('Cannot compare: two contenders have one name')
  const next = new Map<string, number>()
  const take = async (contender: Contender, warmUp: boolean): Promise<Turn> => {
    await contender.prepare?.()
    const firstIndex = next.get(contender.name) ?? 0
    const taken = await turn(contender, firstIndex, warmUp)
    next.set(contender.name, firstIndex + taken.operations)
    return taken.turn
  }
  for (const contender of contenders) await take(contender, true)
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of orderOf(contenders, round)) {
      turns.get(contender.name)?.push(await take(contender, false))
    }
  }
  return turns
}

function ratios(turns: readonly Turn[], ceiling: readonly Turn[]): number[] {
  return turns.flatMap(({ perSecond }, round) => {
    const most = ceiling[round]
    return most === undefined ? [] : [perSecond / most.perSecond]
  })
}

/**
 * Closed-loop rates of all contenders, interleaved: rows with the columns of `rateMeasures`. A ratio is taken within a round,
 * and the median of those ratios is what to quote: it moves far less than the rates when the machine has other work.
 */
export async function compareRates(contenders: readonly Contender[], options: RatesOptions): Promise<Row[]> {
  const turns = await interleave(contenders, options.rounds, async (contender, firstIndex, warmUp) => {
    const durationMs = warmUp ? Math.max(options.durationMs, 200) : options.durationMs
    const turn = await runClosedLoop(contender, { ...options, durationMs, firstIndex })
    return { turn, operations: turn.operations }
  })
  const ratiosTo = (name: string, list: readonly Turn[]): Spread => {
    const ceiling = turns.get(name)
    if (ceiling === undefined) throw new TypeError(`Cannot compare: no contender is named "${name}"`)
    return toSpread(ratios(list, ceiling))
  }
  return [...turns].map(([contender, list]) => ({
    contender,
    group: options.group,
    values: {
      perSecond: toSpread(list.map(({ perSecond }) => perSecond)),
      ratio: options.ceiling === undefined ? null : ratiosTo(options.ceiling, list),
      p50Ms: toSpread(list.map(({ p50Ms }) => p50Ms)),
      p99Ms: toSpread(list.map(({ p99Ms }) => p99Ms)),
      ...Object.fromEntries(
        Object.entries(options.ceilings ?? {}).map(([key, name]) => [key, ratiosTo(name, list)] as const),
      ),
    },
  }))
}

/** Latency of all contenders at one constant rate of arrivals, interleaved: rows with the columns of `arrivalMeasures`. */
export async function compareArrivals(contenders: readonly Contender[], options: ArrivalsOptions): Promise<Row[]> {
  const turns = await interleave(contenders, options.rounds, async (contender, firstIndex) => {
    const turn = await runOpenLoop(contender, { ...options, firstIndex })
    return { turn, operations: turn.arrived }
  })
  const sum = (list: readonly Arrivals[], field: 'failed' | 'unanswered'): number =>
    list.reduce((total, turn) => total + turn[field], 0)
  return [...turns].map(([contender, list]) => ({
    contender,
    group: options.group,
    values: {
      p50Ms: toSpread(list.map(({ p50Ms }) => p50Ms)),
      p90Ms: toSpread(list.map(({ p90Ms }) => p90Ms)),
      p99Ms: toSpread(list.map(({ p99Ms }) => p99Ms)),
      maxMs: toSpread(list.map(({ maxMs }) => maxMs)),
      failed: sum(list, 'failed'),
      unanswered: sum(list, 'unanswered'),
    },
  }))
}
