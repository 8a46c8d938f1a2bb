/** What one turn of load gave. Times in milliseconds. */
export interface Turn {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** One request to whatever is measured; resolves when its answer is whole. */
export type Send = () => Promise<void>

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Keeps one request of each of `sends` under way for `durationMs`. */
export async function measure(sends: readonly Send[], durationMs: number): Promise<Turn> {
  const times: number[] = []
  const startedAt = performance.now()
  const end = startedAt + durationMs
  const run = async (send: Send): Promise<void> => {
    for (let now = performance.now(); now < end; ) {
      await send()
      const after = performance.now()
      times.push(after - now)
      now = after
    }
  }
  await Promise.all(sends.map(run))
  const sorted = Float64Array.from(times).sort()
  return {
    perSecond: (times.length / (performance.now() - startedAt)) * 1_000,
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
