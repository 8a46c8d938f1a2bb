import type { Machine } from './machine.ts'
import type { Spread } from './spread.ts'

/** A figure, figures over the rounds, words (`throws after 4.3 s`), or null where it does not apply. */
export type Value = number | Spread | string | boolean | null

/** What a column of a table holds. */
export interface Measure {
  readonly key: string
  readonly title: string
  /** `/s`, `ms`, `bytes`, `×`; empty when it is a plain count or words. */
  readonly unit: string
  readonly better: 'higher' | 'lower' | 'neither'
  /** Whether the page draws it. */
  readonly plot?: boolean
}

export interface Row {
  readonly contender: string
  /** What is the same for all that are compared: `64 callers`, `5 tags`. Rows of one group are drawn side by side. */
  readonly group: string
  readonly values: Readonly<Record<string, Value>>
}

/** One question, asked of all contenders. */
export interface Table {
  /** Names the plot's file: kebab-case. */
  readonly id: string
  readonly title: string
  /** What was done, and what to make of it. */
  readonly note?: string
  /** The contender that the ratios refer to. */
  readonly ceiling?: string
  readonly measures: readonly Measure[]
  readonly rows: readonly Row[]
}

/** The content of `bench/results/<name>.json`. */
export interface Results {
  readonly name: string
  readonly title: string
  /** What prints and writes these figures again. */
  readonly command: string
  readonly quick: boolean
  readonly at: string
  readonly machine: Machine
  readonly notes: readonly string[]
  readonly tables: readonly Table[]
}

/** The columns of `compareRates`. */
export const rateMeasures = [
  { key: 'perSecond', title: 'rate', unit: '/s', better: 'higher', plot: true },
  { key: 'ratio', title: 'to the ceiling', unit: '×', better: 'higher' },
  { key: 'p50Ms', title: 'p50', unit: 'ms', better: 'lower' },
  { key: 'p99Ms', title: 'p99', unit: 'ms', better: 'lower' },
] as const satisfies readonly Measure[]

/** The columns of `compareArrivals`. */
export const arrivalMeasures = [
  { key: 'p50Ms', title: 'p50', unit: 'ms', better: 'lower' },
  { key: 'p90Ms', title: 'p90', unit: 'ms', better: 'lower' },
  { key: 'p99Ms', title: 'p99', unit: 'ms', better: 'lower', plot: true },
  { key: 'maxMs', title: 'worst', unit: 'ms', better: 'lower' },
  { key: 'failed', title: 'failed', unit: '', better: 'lower' },
  { key: 'unanswered', title: 'unanswered', unit: '', better: 'lower' },
] as const satisfies readonly Measure[]

/** The columns of `countCost`. */
export const costMeasures = [
  { key: 'commands', title: 'commands', unit: '', better: 'lower', plot: true },
  { key: 'roundTrips', title: 'round trips', unit: '', better: 'lower' },
  { key: 'bytesIn', title: 'to the server', unit: 'bytes', better: 'lower' },
  { key: 'bytesOut', title: 'from the server', unit: 'bytes', better: 'lower' },
] as const satisfies readonly Measure[]
