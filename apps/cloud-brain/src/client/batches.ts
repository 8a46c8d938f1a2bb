import { type IngestBatch, KINDS } from '../health/ingest-batch.ts'

/** Gathers small batches into as few as fit, in their order, each from one source and with at most `maxItems` items. */
export function toBatches(additions: Iterable<IngestBatch>, maxItems: number): IngestBatch[] {
  const finished: IngestBatch[] = []
  const open = new Map<string, IngestBatch>()
  for (const addition of additions) {
    const current = open.get(addition.source)
    if (current && countItems(current) + countItems(addition) > maxItems) {
      finished.push(current)
      open.delete(addition.source)
    }
    open.set(addition.source, joined(open.get(addition.source), addition))
  }
  return [...finished, ...open.values()]
}

/** How many items a batch has over all kinds. */
export function countItems(batch: IngestBatch): number {
  return KINDS.reduce((sum, kind) => sum + (batch[kind]?.length ?? 0), 0)
}

function joined(batch: IngestBatch | undefined, addition: IngestBatch): IngestBatch {
  return {
    source: addition.source,
    workouts: [...(batch?.workouts ?? []), ...(addition.workouts ?? [])],
    sleep: [...(batch?.sleep ?? []), ...(addition.sleep ?? [])],
    nutrition: [...(batch?.nutrition ?? []), ...(addition.nutrition ?? [])],
    weight: [...(batch?.weight ?? []), ...(addition.weight ?? [])],
    daily_metrics: [...(batch?.daily_metrics ?? []), ...(addition.daily_metrics ?? [])],
  }
}
