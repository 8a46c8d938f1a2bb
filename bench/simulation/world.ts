import { createLimiter, slidingWindow } from 'millpond'
import { memory } from 'millpond/memory'
import { type Chance, createChance, createZipf } from './chance.ts'
import { atDistance } from './far-store.ts'
import { createOrigin, type Origin } from './origin.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
import { byHand, createPlainStore, type Way, withMillpond } from './ways.ts'

export const wayNames = ['millpond', 'millpond, local 2 s', 'by hand'] as const
export type WayName = (typeof wayNames)[number]

export interface Scenario {
  readonly instances: number
  readonly items: number
  readonly clients: number
  /** Requests a second in the mean. */
  readonly perSecond: number
  readonly durationMs: number
  /** Whether nights are quiet: the rate swings by 80 % around its mean within 24 hours. */
  readonly nights: boolean
  /** The share of requests that write. */
  readonly writes: number
  /** When the store does not answer, from and until, in milliseconds. */
  readonly away?: readonly [from: number, until: number]
  /** When the store loses all it has. */
  readonly flushAt?: number
}

/** What came of it. */
export interface Outcome {
  readonly requests: number
  readonly refused: number
  readonly loads: readonly number[]
  readonly readMs: readonly number[]
  /** For how long each value that was older than acknowledged had been known to be so, in milliseconds. */
  readonly staleMs: readonly number[]
  readonly unacknowledged: number
  readonly cacheCalls: number
  readonly limitCalls: number
  /** The most of one client within any 60 s, by the store's clock. */
  readonly mostAdmitted: number
}

export const limitPerMinute = 20
const dayMs = 86_400_000
const roundTripMs = 0.8
const loadMs = 50

interface Books {
  requests: number
  refused: number
  unacknowledged: number
  cacheCalls: number
  limitCalls: number
  readonly readMs: number[]
  readonly staleMs: number[]
  readonly admitted: Map<string, number[]>
}

const newBooks = (): Books => ({
  requests: 0,
  refused: 0,
  unacknowledged: 0,
  cacheCalls: 0,
  limitCalls: 0,
  readMs: [],
  staleMs: [],
  admitted: new Map(),
})

const limitMethods = new Set(['take', 'peek', 'charge', 'refund', 'prolong', 'reset'])

interface World {
  readonly clock: VirtualClock
  readonly chance: Chance
  readonly origin: Origin
  readonly books: Books
  /** The store as an instance of its own sees it, and what that instance does. */
  createInstance(): { readonly way: Way; admits(client: number): Promise<boolean> }
  flush(): void
}

function createWorld(name: WayName, scenario: Scenario, seed: number): World {
  const clock = createVirtualClock()
  const chance = createChance(seed)
  const origin = createOrigin(scenario.items, clock, chance, loadMs)
  const books = newBooks()
  const [from, until] = scenario.away ?? [Number.POSITIVE_INFINITY, 0]
  let [shared, plain] = [memory({ clock, maxKeys: 1_000_000 }), createPlainStore(clock)]
  const distance = {
    clock,
    chance,
    roundTripMs,
    isAway: () => clock.now() >= from && clock.now() < until,
    onCall: (method: string) => {
      books[limitMethods.has(method) ? 'limitCalls' : 'cacheCalls'] += 1
    },
  }
  // The stores are looked up with each call, so that a flush puts empty ones in their place.
  const current = <Store extends object>(store: Store, now: () => Store): Store => {
    const pass = (name: string) => {
      return (...args: unknown[]): unknown =>
        (now() as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args)
    }
    const passed = Object.entries(store).map(([name, member]) => [
      name,
      typeof member === 'function' ? pass(name) : member,
    ])
    return Object.fromEntries(passed) as Store
  }
  return {
    clock,
    chance,
    origin,
    books,
    flush() {
      ;[shared, plain] = [memory({ clock, maxKeys: 1_000_000 }), createPlainStore(clock)]
    },
    createInstance() {
      const store = atDistance(
        noteAdmissions(
          current(shared, () => shared),
          clock,
          books,
        ),
        distance,
      )
      const surroundings = { store, clock, chance, origin }
      const limiter = createLimiter({
        store,
        clock,
        policies: { client: slidingWindow({ limit: limitPerMinute, window: '60s', onUnavailable: 'local' }) },
      })
      const way =
        name === 'by hand'
          ? byHand(
              surroundings,
              atDistance(
                current(plain, () => plain),
                distance,
              ),
            )
          : withMillpond(surroundings, name === 'millpond' ? undefined : '2s')
      return { way, admits: async (client) => (await limiter.limit('client', `client-${client}`)).allowed }
    },
  }
}

type Stored = ReturnType<typeof memory>

function noteAdmissions(store: Stored, clock: VirtualClock, { admitted }: Books): Stored {
  return {
    ...store,
    async take(checks) {
      const verdicts = await store.take(checks)
      for (const [index, { key }] of checks.entries()) {
        if (verdicts[index]?.allowed !== true) continue
        const moments = admitted.get(key) ?? []
        moments.push(clock.now())
        admitted.set(key, moments)
      }
      return verdicts
    },
  }
}

/** The most moments of one list within any half-open span of 60 s. */
function mostWithinMinute(moments: readonly number[]): number {
  let [first, most] = [0, 0]
  for (const [index, moment] of moments.entries()) {
    while (moment - (moments[first] ?? moment) >= 60_000) first += 1
    most = Math.max(most, index - first + 1)
  }
  return most
}

async function request(world: World, instance: ReturnType<World['createInstance']>, what: Asked): Promise<void> {
  const { clock, origin, books } = world
  books.requests += 1
  if (!(await instance.admits(what.client))) {
    books.refused += 1
    return
  }
  if (what.writes) {
    const version = origin.write(what.id)
    if (await instance.way.makeVisible(what.id)) origin.acknowledge(what.id, version)
    else books.unacknowledged += 1
    return
  }
  const [startedAt, owed] = [clock.now(), origin.owed(what.id)]
  const version = await instance.way.read(what.id)
  books.readMs.push(clock.now() - startedAt)
  if (version < owed) books.staleMs.push(origin.staleFor(what.id, version))
}

interface Asked {
  readonly client: number
  readonly id: number
  readonly writes: boolean
}

/** Lets the fleet live through a scenario in one way. The same seed gives the same outcome. */
export async function live(name: WayName, scenario: Scenario, seed = 1): Promise<Outcome> {
  const world = createWorld(name, scenario, seed)
  const { clock, chance, books, origin } = world
  const instances = Array.from({ length: scenario.instances }, () => world.createInstance())
  const [pickItem, pickClient] = [createZipf(scenario.items, chance), createZipf(scenario.clients, chance)]
  const rateNow = (): number =>
    scenario.nights
      ? scenario.perSecond * (1 + 0.8 * Math.sin((2 * Math.PI * clock.now()) / dayMs))
      : scenario.perSecond
  const failures: unknown[] = []
  const arrive = (): void => {
    const instance = instances[Math.floor(chance.uniform() * instances.length)]
    const what = { client: pickClient(), id: pickItem(), writes: chance.uniform() < scenario.writes }
    if (instance !== undefined) request(world, instance, what).catch((error: unknown) => failures.push(error))
    clock.after(chance.untilNext(rateNow()), arrive)
  }
  clock.after(0, arrive)
  if (scenario.flushAt !== undefined) clock.after(scenario.flushAt, () => world.flush())
  await clock.runUntil(scenario.durationMs)
  if (failures.length > 0)
    throw new AggregateError(failures, `Cannot trust the simulation: ${failures.length} requests failed`)
  const { requests, refused, readMs, staleMs, unacknowledged, cacheCalls, limitCalls, admitted } = books
  const mostAdmitted = Math.max(0, ...[...admitted.values()].map(mostWithinMinute))
  return {
    requests,
    refused,
    loads: origin.loads,
    readMs,
    staleMs,
    unacknowledged,
    cacheCalls,
    limitCalls,
    mostAdmitted,
  }
}
