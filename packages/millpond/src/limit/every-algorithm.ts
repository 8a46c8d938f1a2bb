import { type AlgorithmChanges, type AlgorithmSteps, withChanges } from './algorithm-steps.ts'
import { concurrencyProlong, concurrencyRefund, concurrencySteps } from './concurrency.ts'
import { fixedWindowRefund, fixedWindowSteps } from './fixed-window.ts'
import { slidingWindowRefund, slidingWindowSteps } from './sliding-window.ts'
import { tokenBucketRefund, tokenBucketSteps } from './token-bucket.ts'

/** All that a store must be able to run. */
export const EVERY_ALGORITHM: readonly (AlgorithmSteps & AlgorithmChanges)[] = [
  /* @__PURE__ */ withChanges(slidingWindowSteps, slidingWindowRefund),
  /* @__PURE__ */ withChanges(fixedWindowSteps, fixedWindowRefund),
  /* @__PURE__ */ withChanges(tokenBucketSteps, tokenBucketRefund),
  /* @__PURE__ */ withChanges(concurrencySteps, concurrencyRefund, concurrencyProlong),
]
