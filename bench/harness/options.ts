import { parseArgs } from 'node:util'

/** How long a benchmark takes. */
export interface BenchOptions {
  /** A short run: the same contenders and checks, less time each. */
  readonly quick: boolean
  readonly rounds: number
  /** Length of one contender's turn in a round, in milliseconds. */
  readonly durationMs: number
  /** Only contenders and tables whose name contains this text; a run with `only` writes no results. */
  readonly only: string | undefined
}

function readPositive(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0) {
    throw new RangeError(`Cannot run the benchmark: "--${name}" must be a number > 0, received ${value}`)
  }
  return number
}

/** Reads `--quick`, `--rounds N`, `--ms N` and `--only TEXT`. Throws a RangeError on nonsense. */
export function readOptions(args: readonly string[] = process.argv.slice(2)): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      ms: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const quick = values.quick
  return {
    quick,
    rounds: Math.round(readPositive('rounds', values.rounds, quick ? 5 : 9)),
    durationMs: readPositive('ms', values.ms, quick ? 120 : 500),
    only: values.only,
  }
}
