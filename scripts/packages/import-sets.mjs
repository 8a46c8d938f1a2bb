/**
 * What a page or a function that uses the library ships, minified and compressed by gzip, and the most it may be. Whoever makes it
 * smaller lowers the budget. The aims: a limiter in 5 kB, cache, limiter and REST store in 12 kB.
 * @type {readonly { name: string, code: string, budgetBytes: number }[]}
 */
export const importSets = [
  { name: 'createLimiter alone', code: `export { createLimiter } from 'millpond'`, budgetBytes: 5_000 },
  {
    name: 'a limiter',
    code: `export { createLimiter, slidingWindow } from 'millpond'`,
    budgetBytes: 5_550,
  },
  { name: 'a cache', code: `export { createCache } from 'millpond'`, budgetBytes: 14_535 },
  {
    name: 'cache, limiter and REST store',
    code: `export { createCache, createLimiter, slidingWindow } from 'millpond'\nexport { upstash } from 'millpond/upstash'`,
    budgetBytes: 24_920,
  },
  {
    name: 'a limiter and its REST store',
    code: `export { createLimiter, slidingWindow } from 'millpond'\nexport { upstashLimits } from 'millpond/upstash'`,
    budgetBytes: 11_550,
  },
  {
    name: 'a cache and its REST store',
    code: `export { createCache } from 'millpond'\nexport { upstashCache } from 'millpond/upstash'`,
    budgetBytes: 17_605,
  },
  {
    name: 'cache, limiter and Redis store',
    code: `export { createCache, createLimiter, slidingWindow } from 'millpond'\nexport { redis } from 'millpond/redis'`,
    budgetBytes: 25_795,
  },
  { name: 'http', code: `export * from 'millpond/http'`, budgetBytes: 3_450 },
]
