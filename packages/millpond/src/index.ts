export type { LoadMany } from './cache/batch.ts'
export { type Cache, type CacheOptions, createCache } from './cache/cache.ts'
export type { CacheStore } from './cache/cache-store.ts'
export type { Codec } from './cache/codec.ts'
export type { DefineManyOptions, DefineOptions, Definition } from './cache/define.ts'
export { anyPart, type Matched } from './cache/delete-matching.ts'
export type { CacheCounters, CacheEvent, CacheReporter, ReadReason, ReadStatus } from './cache/event.ts'
export type { Explanation } from './cache/explain.ts'
export type { CacheKey, PlainRead, SetOptions, Stamp } from './cache/plain.ts'
export type { Push } from './cache/push.ts'
export type { CacheResult, Peek } from './cache/read.ts'
export type { Schema } from './cache/schema.ts'
export type { SelfTest } from './cache/self-test.ts'
export type { LoadContext } from './cache/spec.ts'
export type { Seal } from './cache/unsealed.ts'
export {
  BreakerOpenError,
  type InputIssue,
  InvalidInputError,
  InvalidValueError,
  LoadTimeoutError,
  StoreReplyError,
  StoreTimeoutError,
  StoreUnavailableError,
} from './errors.ts'
export type { Decision, LimitState } from './limit/decision.ts'
export { type Hold, hold } from './limit/hold.ts'
export { blocksOf, type Lease } from './limit/lease.ts'
export type { LimitCounters, LimitEvent, LimitOutcome, LimitReporter } from './limit/limit-event.ts'
export type { LimitStore } from './limit/limit-store.ts'
export { createLimiter, type Limiter, type LimiterOptions, type Policies, type Take } from './limit/limiter.ts'
export {
  type ConcurrencyOptions,
  concurrency,
  type FixedWindowOptions,
  fixedWindow,
  type OutageMode,
  type Policy,
  type PolicyOptions,
  slidingWindow,
  type TokenBucketOptions,
  tokenBucket,
  type WindowOptions,
} from './limit/policy.ts'
export { type Reservation, reserve, type Settlement } from './limit/reserve.ts'
export { type WaitOptions, waitUntilReady } from './limit/wait-until-ready.ts'
export { disabled } from './stores/disabled.ts'
export type { Store } from './stores/store.ts'
export { type Clock, systemClock } from './time/clock.ts'
export type { Duration } from './time/duration.ts'
