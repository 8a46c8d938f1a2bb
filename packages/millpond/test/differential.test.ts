import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { describeEngines, redisServer, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toAloneScript as toBuiltAloneScript, toLimitScript as toBuiltScript } from '../dist/stores/lua/limit-script.js'
import { StoreReplyError } from '../src/errors.ts'
import { createKeyring, type StoreKey } from '../src/key.ts'
import { EVERY_ALGORITHM } from '../src/limit/every-algorithm.ts'
import type { LimitCheck, LimitMark, LimitStore } from '../src/limit/limit-store.ts'
import { createMemoryLimits } from '../src/limit/memory-limits.ts'
import { type Commands, toReplyError } from '../src/stores/commands.ts'
import { createCallsAt } from '../src/stores/limit-calls.ts'
import { toAloneScript, toLimitScript } from '../src/stores/lua/limit-script.ts'
import { createCommands } from '../src/stores/redis/connection.ts'
import { createLimitOperations } from '../src/stores/redis-limits.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'
import { createRandomInt } from './random-int.ts'

const SEQUENCES = 10_000
const AT_ONCE = 200
const STEPS = 5
const DAY_MS = 86_400_000
/** Part of every failure message; set it here to see one again. */
const SEED = Math.floor(Math.random() * 2 ** 32)

const KINDS = ['sliding-window', 'fixed-window', 'calendar', 'token-bucket', 'concurrency'] as const
type Kind = (typeof KINDS)[number]

/**
 * The TypeScript steps (through the memory store) and the Lua script get the same calls at the same virtual moments. Each sequence has keys of its own.
 */
describeEngines('the limit script', (engine) => {
  // All of them on the machine's own engine, a share of them on the others.
  const sequences = engine.path === redisServer?.path ? SEQUENCES : SEQUENCES / 10

  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis({ engine })
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  test.each(KINDS)(
    `%s decides as its TypeScript step does, to the millisecond, over ${sequences} random sequences`,
    (kind) => compareAll(client, kind, sequences, toLongLived),
    240_000,
  )

  test.each(['sliding-window', 'token-bucket', 'concurrency'] as const)(
    '%s decides alike where the server has no struct library',
    (kind) =>
      compareAll(client, kind, sequences / 10, (source) =>
        replace(toLongLived(source), /rawget\(_G, ?'struct'\)/, 'nil'),
      ),
  )

  test.each(KINDS)('%s decides alike when built: without space, and with short names', (kind) =>
    compareAll(client, kind, sequences / 10, (source) => toLongLived(toBuilt(source))),
  )
})

/** The script that is published for one of our sources. */
function toBuilt(source: string): string {
  const letters = ['s', 'f', 'b', 'c'] as const
  for (const letter of letters) {
    if (toAloneScript(letter).source === source) return toBuiltAloneScript(letter).source
    for (const givesBack of [false, true]) {
      if (toLimitScript([letter], givesBack).source === source) return toBuiltScript([letter], givesBack).source
    }
  }
  throw new RangeError('Cannot compare: the script must be of one algorithm')
}

/**
 * The script as it is, but for the TTL of what it writes: virtual time does not age keys in Redis, and real time must not end a window of the virtual one.
 */
function toLongLived(source: string): string {
  return replace(source, /'PX', ?(\w+)\)/, "'PX',$1 + 3600000)")
}

function replace(source: string, part: RegExp, by: string): string {
  expect(source).toMatch(part)
  return source.replace(part, by)
}

async function compareAll(client: Redis, kind: Kind, sequences: number, change: (source: string) => string) {
  const shas = new Map<string, Promise<string>>()
  const { send, atTickEnd } = createCommands(client)
  const commands: Commands = {
    atTickEnd,
    async send([name, script = '', ...rest]) {
      const source = String(script)
      const sha = name === 'EVAL' ? createHash('sha1').update(source).digest('hex') : source
      if (name === 'EVAL' && !shas.has(sha)) shas.set(sha, client.script('LOAD', change(source)).then(String))
      const known = shas.get(sha)
      if (known === undefined) throw toReplyError('evalsha', 'NOSCRIPT')
      return send(['EVALSHA', await known, ...rest])
    },
  }
  for (let start = 0; start < sequences; start += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => compare(commands, kind, start + index)))
  }
  await client.flushall()
}

type Call = {
  readonly [Name in Exclude<keyof LimitStore, 'reset' | 'warnings'>]: {
    name: Name
    list: Parameters<LimitStore[Name]>[0]
  }
}[Exclude<keyof LimitStore, 'reset' | 'warnings'>]

async function compare(commands: Commands, kind: Kind, sequence: number): Promise<void> {
  const randomInt = createRandomInt(SEED + sequence)
  const keyring = createKeyring({ namespace: `diff.${kind}`, action: 'Cannot compare' })
  const keys = await Promise.all(['a', 'b'].map(async (name) => keyring.limit(name, await keyring.id(`${sequence}`))))
  // Some sequences cross the point where milliseconds modulo 2^32 wrap around.
  const start = randomInt(2) === 0 ? Date.UTC(2026, 0, 1) : 409 * 2 ** 32 - 400_000
  const clock = createFakeClock(start)
  const memory = createMemoryLimits({ clock, algorithms: EVERY_ALGORITHM })
  const script = createLimitOperations(createCallsAt(commands, () => clock.now()))
  const windowMs = kind === 'calendar' ? DAY_MS : 60_000 + randomInt(540_000)
  const starts =
    kind === 'calendar'
      ? Array.from({ length: 16 }, (_, day) => start + (day - 4) * DAY_MS + randomInt(3_600_000))
      : undefined
  // Days of a process whose clock is wrong by a month: the moment lies in none of them.
  const wrongStarts = starts?.map((moment) => moment + 30 * DAY_MS)
  const refill = 1 + randomInt(9)
  const toCheck = (key: StoreKey): LimitCheck => ({
    key,
    algorithm: kind === 'calendar' ? 'fixed-window' : kind,
    limit: 1 + randomInt(7),
    windowMs,
    cost: randomInt(4),
    ...(starts ? { starts: randomInt(5) === 0 ? wrongStarts : starts } : {}),
    ...(kind === 'token-bucket' ? { refill } : {}),
    ...(kind === 'concurrency' ? { permit: `permit-${randomInt(3)}` } : {}),
    ...(randomInt(6) === 0 ? { shadow: true } : {}),
  })
  let waitMs = 0
  let marks: LimitMark[] = []
  for (let step = 0; step < STEPS; step += 1) {
    clock.set(clock.now() + toGap(randomInt, windowMs, waitMs))
    const checks = (randomInt(3) === 0 ? keys : keys.slice(0, 1)).map(toCheck)
    const call = toCall(randomInt, checks, marks)
    const [ours, theirs] = [await run(memory, call).catch(toMessage), await run(script, call).catch(toMessage)]
    const at = { SEED, sequence, step, now: clock.now(), call }
    // Comparing text first: it is ten times faster than a deep comparison, which only makes the message.
    if (JSON.stringify(theirs) !== JSON.stringify(ours))
      expect({ ...at, answer: theirs }).toEqual({ ...at, answer: ours })
    if (call.name !== 'take' || typeof ours === 'string') continue
    const verdicts = ours as Awaited<ReturnType<LimitStore['take']>>
    waitMs = verdicts.find((verdict) => Number.isFinite(verdict.retryAfterMs))?.retryAfterMs ?? 0
    const taken = checks.flatMap((check, index) => toMark(check, verdicts[index]?.mark))
    if (taken.length > 0) marks = randomInt(5) === 0 ? taken.map((mark) => ({ ...mark, starts: wrongStarts })) : taken
  }
}

function toMark(check: LimitCheck, mark: string | undefined): LimitMark[] {
  return mark === undefined ? [] : [{ ...check, mark }]
}

/** Mostly takes, between them all the other operations, refunds and prolongations of what was taken last. */
function toCall(randomInt: (end: number) => number, checks: readonly LimitCheck[], marks: readonly LimitMark[]): Call {
  switch (randomInt(10)) {
    case 0:
      return { name: 'peek', list: checks }
    case 1:
      return { name: 'charge', list: checks }
    case 2:
    case 3:
      return marks.length > 0 ? { name: 'refund', list: marks } : { name: 'take', list: checks }
    case 4:
      return marks.length > 0 ? { name: 'prolong', list: marks } : { name: 'take', list: checks }
    default:
      return { name: 'take', list: checks }
  }
}

/** What both say alike of a moment that lies in none of the windows. */
function toMessage(error: unknown): string {
  if (error instanceof StoreReplyError) return error.message
  throw error
}

function run(store: Omit<LimitStore, 'reset' | 'warnings'>, call: Call): Promise<unknown> {
  switch (call.name) {
    case 'refund':
    case 'prolong':
      return store[call.name](call.list)
    default:
      return store[call.name](call.list)
  }
}

/** Mostly on by a little, sometimes far, back, or to the very edge that a refusal named and the millisecond before. */
function toGap(randomInt: (end: number) => number, windowMs: number, waitMs: number): number {
  if (waitMs > 0 && randomInt(3) > 0) return waitMs - randomInt(2)
  switch (randomInt(4)) {
    case 0:
      return randomInt(windowMs)
    case 1:
      return -randomInt(2_000)
    default:
      return randomInt(Math.floor(windowMs / 10))
  }
}
