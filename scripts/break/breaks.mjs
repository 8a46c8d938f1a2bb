/**
 * One line of code that each guarantee hangs on, what it becomes when it is broken, and the tests that must then fail.
 * @typedef {object} Break
 * @property {string} guarantee
 * @property {string} what in words: what the broken code does
 * @property {string} file below packages/millpond/src
 * @property {string} from stands in the file exactly once
 * @property {string} to
 * @property {readonly string[]} tests below packages/millpond
 * @type {readonly Break[]}
 */
export const breaks = [
  {
    guarantee: 'C1',
    what: 'an entry counts whatever its tags say',
    file: 'cache/look.ts',
    from: "hasVersions(entry.versions, versions) ? open(NONE) : miss('tag-changed')",
    to: 'open(NONE)',
    tests: ['src/cache/invalidation-holds.test.ts'],
  },
  {
    guarantee: 'C1',
    what: 'a fill needs no lease of its own',
    file: 'stores/memory/memory-cache.ts',
    from: 'if (get(lease) !== token) return false',
    to: '',
    tests: ['src/cache/invalidation-holds.test.ts'],
  },
  {
    guarantee: 'C1',
    what: 'a read joins a load that began before it',
    file: 'cache/single-flight.ts',
    from: 'return flight.observedAt === undefined || flight.observedAt > since',
    to: 'return true || (flight.observedAt ?? 0) > since',
    tests: ['src/cache/invalidation-holds.test.ts', 'src/cache/cache.test.ts'],
  },
  {
    guarantee: 'C2',
    what: 'a lease keeps nobody away',
    file: 'stores/memory/memory-cache.ts',
    from: "if (leftMs > 0 && !takeOver) return { kind: 'held', leftMs }",
    to: '',
    tests: ['src/cache/cache.test.ts', 'test/store-contract.test.ts'],
  },
  {
    guarantee: 'C4',
    what: 'the order of properties makes another key',
    file: 'key.ts',
    from: 'Object.keys(plain).sort()',
    to: 'Object.keys(plain)',
    tests: ['src/key.test.ts'],
  },
  {
    guarantee: 'C4',
    what: 'minus zero and zero share a key',
    file: 'key.ts',
    from: "return Object.is(value, -0) ? '-0' : String(value)",
    to: 'return String(value)',
    tests: ['src/key.test.ts'],
  },
  {
    guarantee: 'C6',
    what: 'all that is filled together expires together',
    file: 'cache/freshness.ts',
    from: '(1 - JITTER * random)',
    to: '(1 - 0 * JITTER * random)',
    tests: ['src/cache/freshness.test.ts'],
  },
  {
    guarantee: 'C7',
    what: 'a call that is never answered is waited for',
    file: 'resilience/deadline.ts',
    from: 'for (const reject of open) reject()',
    to: 'for (const reject of open) void reject',
    tests: ['src/resilience/deadline.test.ts'],
  },
  {
    guarantee: 'C8',
    what: 'the local tier counts from when a value is kept, not from when it was observed',
    file: 'cache/local-tier.ts',
    from: 'Math.min(observed.at + keepMs, value.storedAt + value.ttlMs)',
    to: 'Math.min(clock.now() + keepMs, value.storedAt + value.ttlMs)',
    tests: ['src/cache/local-tier.test.ts'],
  },
  {
    guarantee: 'C9',
    what: 'the self-test is content with anything',
    file: 'cache/self-test.ts',
    from: 'return { ok: checks.every((check) => check.ok), checks }',
    to: 'return { ok: true, checks }',
    tests: ['src/cache/self-test.test.ts'],
  },
  {
    guarantee: 'L1',
    what: 'a window admits one more',
    file: 'limit/sliding-window.ts',
    from: 'const allowed = live.length + cost <= limit',
    to: 'const allowed = live.length + cost <= limit + 1',
    tests: ['src/limit/sliding-window.test.ts'],
  },
  {
    guarantee: 'L2',
    what: 'a take that one policy refuses counts under the others',
    file: 'limit/memory-limits.ts',
    from: 'refused ? look(check, now) : settle(check, now)',
    to: 'refused && check.shadow ? look(check, now) : settle(check, now)',
    tests: ['test/store-contract.test.ts', 'src/limit/limiter.test.ts'],
  },
  {
    guarantee: 'L3',
    what: 'a wait is one millisecond short',
    file: 'limit/sliding-window.ts',
    from: '(live[excess - 1] ?? at) + windowMs - now',
    to: '(live[excess - 1] ?? at) + windowMs - now - 1',
    tests: ['src/limit/sliding-window.test.ts'],
  },
  {
    guarantee: 'L4',
    what: 'a refusal is remembered for ever',
    file: 'limit/denial-memo.ts',
    from: 'if (at >= found.from && at < found.until) return age(found, at)',
    to: 'if (at >= found.from) return age(found, at)',
    tests: ['src/limit/denial-memo.test.ts'],
  },
  {
    guarantee: 'L5',
    what: 'a closed policy lets pass during an outage',
    file: 'limit/outage.ts',
    from: "return degraded('closed', false)",
    to: "return degraded('closed', true)",
    tests: ['src/limit/outage.test.ts'],
  },
  {
    guarantee: 'L8',
    what: 'a block of permits is spent without end',
    file: 'limit/lease.ts',
    from: 'block.left -= check.cost',
    to: 'block.left -= 0',
    tests: ['src/limit/lease.test.ts'],
  },
  {
    guarantee: 'L9',
    what: 'a refund gives back more than was taken',
    file: 'limit/sliding-window.ts',
    from: 'Math.min(rule.cost, state.lastIndexOf(moment) - first + 1)',
    to: 'state.length - first',
    tests: ['src/limit/sliding-window.test.ts', 'src/limit/limiter-operations.test.ts', 'test/differential.test.ts'],
  },
]
