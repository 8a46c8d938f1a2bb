import { createLimiter, type Decision, type Limiter } from '../../src/index.ts'
import { blocksOf } from '../../src/limit/lease.ts'
import type { LimitStore } from '../../src/limit/limit-store.ts'
import { concurrency, fixedWindow, slidingWindow, tokenBucket } from '../../src/limit/policy.ts'
import { type Reservation, reserve } from '../../src/limit/reserve.ts'
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { createRandomInt } from '../random-int.ts'

/** Every algorithm, tight enough that about as many takes are refused as pass. */
const POLICIES = {
  burst: slidingWindow({ limit: 5, window: '60s', onUnavailable: 'closed', debt: 2 }),
  wide: slidingWindow({ limit: 12, window: '10m', onUnavailable: 'closed' }),
  minute: fixedWindow({ limit: 4, window: '90s', onUnavailable: 'closed' }),
  day: fixedWindow({ limit: 15, window: '1d', timeZone: 'Europe/Berlin', onUnavailable: 'closed' }),
  block: fixedWindow({ limit: 6, window: '2m', lease: blocksOf(3), onUnavailable: 'closed' }),
  bucket: tokenBucket({ limit: 6, refill: 4, window: '60s', onUnavailable: 'closed', debt: 3 }),
  jobs: concurrency({ limit: 4, ttl: '45s', onUnavailable: 'closed' }),
  trial: slidingWindow({ limit: 2, window: '60s', onUnavailable: 'closed', shadow: true }),
}
const NAMES = Object.keys(POLICIES) as (keyof typeof POLICIES)[]
const KEYS = ['203.0.113.7', 'alice']

interface Take {
  readonly policy: (typeof NAMES)[number]
  readonly key: string
  readonly cost: number
}

/** What is done to a limiter. `of` counts the takes that may be given back, and the reservations that may be settled, from the latest. */
type Step =
  | { readonly do: 'take' | 'peek' | 'reserve'; readonly takes: readonly Take[] }
  | { readonly do: 'takes of one tick'; readonly takes: readonly Take[] }
  | { readonly do: 'refund'; readonly of: number }
  | { readonly do: 'settle'; readonly of: number; readonly cost: number }
  | { readonly do: 'reset'; readonly policy: Take['policy']; readonly key: string }

/** What was done, when by the virtual clock, and what the limiter said: as text, which compares fast. */
export interface Entry {
  readonly at: number
  readonly step: Step
  readonly said: string
}

interface TranscriptOptions {
  readonly seed: number
  /** The store as it is at the moments of the clock. */
  readonly store: (clock: FakeClock) => LimitStore
}

interface RecordOptions extends TranscriptOptions {
  readonly steps: number
  /** Whether a take names one identity alone, so that on a cluster its keys share a slot. */
  readonly alone?: boolean
  /** Whether the clock never runs back. */
  readonly forward?: boolean
}

/** Plays `steps` random steps, each where the answers before it have led the clock: often to the very millisecond in which a refusal ends, or the one before. */
export async function record({ seed, store, steps, alone = false, forward = false }: RecordOptions): Promise<Entry[]> {
  const randomInt = createRandomInt(seed)
  // An evening before the clocks of Berlin go forward: some transcripts cross the day of 23 hours.
  const clock = createFakeClock(Date.UTC(2026, 2, 28, 18) + randomInt(3_600_000))
  const player = await createPlayer({ seed, store: store(clock), clock })
  const entries: Entry[] = []
  for (let index = 0; index < steps; index += 1) {
    const refused = player.refused()
    const toEdge = refused !== undefined && randomInt(2) === 0
    const gap = toEdge ? refused.waitMs - randomInt(2) : toGap(randomInt)
    clock.set(clock.now() + (forward ? Math.max(0, gap) : gap))
    const step: Step = toEdge && randomInt(4) > 0 ? { do: 'take', takes: refused.takes } : toStep(randomInt, alone)
    entries.push({ at: clock.now(), step, said: await player.play(step) })
  }
  return entries
}

/** Plays the same steps at the same moments on another store. */
export async function replay(entries: readonly Entry[], { seed, store }: TranscriptOptions): Promise<Entry[]> {
  const clock = createFakeClock(entries[0]?.at)
  const player = await createPlayer({ seed, store: store(clock), clock })
  const replayed: Entry[] = []
  for (const { at, step } of entries) {
    clock.set(at)
    replayed.push({ at, step, said: await player.play(step) })
  }
  return replayed
}

async function createPlayer({ seed, store, clock }: { seed: number; store: LimitStore; clock: FakeClock }) {
  const limiter = createLimiter({
    store,
    clock,
    policies: POLICIES,
    namespace: `transcript.${seed}`,
    // Every other transcript asks the store for each refusal.
    denialMemo: seed % 2 === 0 ? '1s' : false,
  })
  // The digests of the keys first: later takes of one tick reach the store in the order in which they were made.
  for (const key of KEYS) await limiter.peek({ policy: 'burst', key })
  return createSteps(limiter)
}

function createSteps(limiter: Limiter<typeof POLICIES>) {
  const decisions: Decision[] = []
  const reservations: Reservation<keyof typeof POLICIES>[] = []
  let refused: { readonly takes: readonly Take[]; readonly waitMs: number } | undefined

  function note(decision: Decision, takes: readonly Take[]): Decision {
    if (decision.allowed) decisions.push(decision)
    const waitMs = decision.status === 'refused' ? decision.retryAfterMs : 0
    refused = waitMs > 0 && waitMs < 600_000 ? { takes, waitMs } : undefined
    return decision
  }

  async function run(step: Step): Promise<unknown> {
    switch (step.do) {
      case 'take':
        return note(await limiter.take(step.takes), step.takes)
      case 'takes of one tick': {
        const made = await Promise.all(step.takes.map((take) => limiter.take(take)))
        return made.map((decision, index) => note(decision, step.takes.slice(index, index + 1)))
      }
      case 'peek':
        return limiter.peek(step.takes)
      case 'reserve': {
        const reservation = await reserve(limiter, step.takes)
        if (reservation.decision.allowed) reservations.push(reservation)
        return reservation.decision
      }
      case 'refund': {
        const decision = decisions.at(-1 - step.of)
        return decision && limiter.refund(decision)
      }
      case 'settle':
        return reservations.at(-1 - step.of)?.settle(step.cost)
      case 'reset':
        return limiter.reset(step.policy, step.key)
      default:
        return step satisfies never
    }
  }

  return {
    /** The last take, when it was refused for some minutes at most. */
    refused: () => refused,
    play: async (step: Step) => toText(await run(step)),
  }
}

/** Text that tells Infinity and what is undefined from null. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'number' ? String(part) : part)) ?? 'nothing'
}

function toStep(randomInt: (end: number) => number, alone: boolean): Step {
  const pick = <Item>(items: readonly Item[]): Item => items[randomInt(items.length)] as Item
  const one = (): Take => ({ policy: pick(NAMES), key: pick(KEYS), cost: randomInt(3) === 0 ? 1 + randomInt(4) : 1 })
  /** Up to three, of one identity or of several. */
  const several = (): Take[] => {
    const takes = Array.from({ length: 1 + randomInt(3) }, one)
    const of = alone || randomInt(2) === 0 ? takes[0]?.key : undefined
    const named = new Map(
      takes.map((take) => ({ ...take, key: of ?? take.key })).map((take) => [`${take.policy} ${take.key}`, take]),
    )
    return [...named.values()]
  }
  switch (randomInt(12)) {
    case 0:
      return { do: 'peek', takes: several() }
    case 1:
      return { do: 'takes of one tick', takes: withLeasesOnce(Array.from({ length: 2 + randomInt(5) }, one)) }
    case 2:
    case 3:
      return { do: 'refund', of: randomInt(3) }
    case 4:
      return { do: 'reserve', takes: several() }
    case 5:
      return { do: 'settle', of: randomInt(2), cost: randomInt(6) }
    case 6:
      return randomInt(4) === 0 ? { do: 'reset', policy: pick(NAMES), key: pick(KEYS) } : { do: 'take', takes: [one()] }
    default:
      return { do: 'take', takes: several() }
  }
}

/** Without a second take of the same leased units: which of the two comes to the block first is open. */
function withLeasesOnce(takes: readonly Take[]): Take[] {
  const isFirst = (take: Take, index: number): boolean =>
    takes.findIndex(({ policy, key }) => policy === take.policy && key === take.key) === index
  return takes.filter((take, index) => !POLICIES[take.policy].lease || isFirst(take, index))
}

/** Mostly on by a little, sometimes not at all, far or back. */
function toGap(randomInt: (end: number) => number): number {
  switch (randomInt(8)) {
    case 0:
      return randomInt(120_000)
    case 1:
      return -randomInt(2_000)
    case 2:
      return 0
    default:
      return randomInt(2_000)
  }
}
