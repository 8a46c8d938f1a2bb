export { type ClosedLoop, runClosedLoop, type Turn } from './closed-loop.ts'
export type { Contender } from './contender.ts'
export { type CostOfOne, countCost, type InfoSource } from './count-cost.ts'
export { type ArrivalsOptions, compareArrivals, compareRates, type RatesOptions } from './interleave.ts'
export { type Machine, readMachine } from './machine.ts'
export { type Arrivals, type OpenLoop, runOpenLoop } from './open-loop.ts'
export { type BenchOptions, readOptions } from './options.ts'
export { printTable } from './print-table.ts'
export {
  arrivalMeasures,
  costMeasures,
  type Measure,
  type Results,
  type Row,
  rateMeasures,
  type Table,
  type Value,
} from './results.ts'
export { median, quantile, type Spread, toSpread } from './spread.ts'
export { type StartedRest, startRest } from './start-rest.ts'
export { writeResults } from './write-results.ts'
