const core = ['errors', 'awaitable', 'tick', 'key', 'time', 'resilience', 'cache', 'limit', 'http', 'stores']

/** What knows nothing of a cache or a limit. */
const innermost = ['errors', 'awaitable', 'tick']

/** @type {Readonly<Record<string, readonly string[]>>} What each part of the library may import besides itself. */
export const mayImport = {
  errors: [],
  awaitable: [],
  tick: [],
  key: innermost,
  time: innermost,
  resilience: [...innermost, 'key', 'time'],
  cache: [...innermost, 'key', 'time', 'resilience'],
  limit: [...innermost, 'key', 'time', 'resilience'],
  http: [...innermost, 'key', 'time', 'resilience', 'cache', 'limit'],
  stores: [...innermost, 'key', 'time', 'resilience', 'cache', 'limit'],
  integrations: core,
  testing: core,
  index: core,
}

/** Where packages may be imported and the surroundings read: the edges of the library. */
const edge = /^(stores\/(redis|upstash)|integrations|testing)(\/|\.)/

/**
 * The part of the library that a file belongs to: its first folder, or its name without the extension.
 * @param {string} file relative to packages/millpond/src
 */
export const partOf = (file) => file.split('/')[0]?.replace(/\.\w+$/, '') ?? ''

/** @param {string} file relative to packages/millpond/src */
export const isCore = (file) => !edge.test(file)

/** The one file that reads the system's clock, so that everything else can be given another. */
export const systemClock = 'time/clock.ts'
