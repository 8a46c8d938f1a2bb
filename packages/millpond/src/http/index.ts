export { type CachedResponseOptions, cachedResponse, cacheStatusHeader } from './cached-response.ts'
export { type AddressProfile, type ClientAddress, clientAddress } from './client-address.ts'
export { nearestDecision, rateLimitHeaders, retryAfterSeconds } from './headers.ts'
export { type Problem, problem, tooManyRequests } from './problem.ts'
