import type { AlgorithmSteps } from './algorithm-steps.ts'
import { concurrencySteps } from './concurrency.ts'
import { fixedWindowSteps } from './fixed-window.ts'
import { slidingWindowSteps } from './sliding-window.ts'
import { tokenBucketSteps } from './token-bucket.ts'

/** All that a store must be able to run. */
export const EVERY_ALGORITHM: readonly AlgorithmSteps[] = [
  slidingWindowSteps,
  fixedWindowSteps,
  tokenBucketSteps,
  concurrencySteps,
]
