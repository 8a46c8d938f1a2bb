import type { z } from 'zod'
import {
  type BatchItems,
  DailyMetrics,
  type Envelope,
  type Kind,
  Nutrition,
  type Rejection,
  Sleep,
  Weight,
  Workout,
} from './ingest-batch.ts'

const MAX_ISSUES_TOLD = 5

/** Parts the items of a batch into those that can be stored and those that are reported. No value appears in a report. */
export function sortItems(envelope: Envelope): { accepted: BatchItems; rejected: Rejection[] } {
  const rejected: Rejection[] = []
  const sort = <Item>(kind: Kind, schema: z.ZodType<Item>): Item[] => {
    const accepted: Item[] = []
    for (const [index, item] of (envelope[kind] ?? []).entries()) {
      const parsed = schema.safeParse(item)
      if (parsed.success) accepted.push(parsed.data)
      else rejected.push(toRejection(kind, index, parsed.error))
    }
    return accepted
  }
  const accepted = {
    workouts: sort('workouts', Workout),
    sleep: sort('sleep', Sleep),
    nutrition: sort('nutrition', Nutrition),
    weight: sort('weight', Weight),
    daily_metrics: sort('daily_metrics', DailyMetrics),
  }
  return { accepted, rejected }
}

function toRejection(kind: Kind, index: number, error: z.ZodError): Rejection {
  const details = error.issues
    .slice(0, MAX_ISSUES_TOLD)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return { index, kind, code: toCode(error.issues[0]?.code), detail: details.join('; ') }
}

function toCode(issue: string | undefined): Rejection['code'] {
  switch (issue) {
    case 'invalid_type':
      return 'wrong_type'
    case 'too_big':
    case 'too_small':
      return 'out_of_range'
    case 'invalid_format':
      return 'invalid_format'
    default:
      return 'invalid_value'
  }
}
