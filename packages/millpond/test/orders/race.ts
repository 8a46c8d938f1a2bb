/** Two readers, a writer and an adversary on one entry, as a scenario for `exploreOrders`: C1 is checked at each read and after each step. */
import { createCache } from '../../src/cache/cache.ts'
import type { CacheStore } from '../../src/cache/cache-store.ts'
import { createKeyring, type StoreKey } from '../../src/key.ts'
import { gateClock, gateStore } from '../../src/testing/gated-store.ts'
import type { Scenario } from '../../src/testing/run-order.ts'
import type { Stage } from '../../src/testing/stage.ts'

/** A store of one world: its contract, and a way to lose everything in it. */
export interface World {
  readonly store: CacheStore
  /** Loses everything; `keys` is all that there may be. */
  readonly flush: (keys: readonly StoreKey[]) => Promise<void>
}

export interface Race {
  /** What the writer invalidates: a tag known from the input, one known only from the value, or the entry itself. */
  readonly kind: 'tag' | 'value tag' | 'key'
  /**
   * `miss`: nothing is stored at first. `refresh`: a stale entry is, so that readers are answered with it and load in the background. `one process`: both readers use one cache.
   * `local`: the writer and a reader, which reads twice, share one cache with a local tier.
   */
  readonly mode: 'miss' | 'refresh' | 'one process' | 'local'
  /** What the adversary takes away, one thing after the other. */
  readonly losses: readonly ('version' | 'epoch' | 'lease' | 'entry' | 'everything')[]
}

const NOW = Date.UTC(2026, 0, 1)
const TTL_MS = 60_000
const NAMESPACE = 'race'
const keyring = createKeyring({ namespace: NAMESPACE, action: 'Cannot race' })
const id = await keyring.id('')
const keys = {
  entry: keyring.entry('value', id),
  lease: keyring.lease('value', id),
  version: keyring.tag(await keyring.id('tag')),
  epoch: keyring.epoch,
} as const satisfies Record<string, StoreKey>
const everyKey = Object.values(keys)

const common = { name: 'value', ttl: TTL_MS, staleFor: '1h' } as const
const toTags = ({ kind }: Race) => (kind === 'value tag' ? { valueTags: () => ['tag'] } : { tags: () => ['tag'] })

/** The origin of the values, and the latest value whose invalidation the store has carried out. */
interface Truth {
  database: number
  invalidated: number
}

/** Makes the scenario of a race; `open` gives a store that holds nothing. */
export function createRace(race: Race, open: (lane: number) => Promise<World>): Scenario {
  return async (stage, lane) => {
    const { store, flush } = await open(lane)
    const truth: Truth = { database: 0, invalidated: 0 }
    const probe = createProbe(race, store, () => truth.database)
    if (race.mode === 'refresh') await fillWithOldValue(race, store)
    return {
      actors: { ...castActors(race, stage, store, truth), adversary: createAdversary(race, stage, store, flush) },
      async afterStep(label) {
        if (
          truth.invalidated === 0 ||
          !/ (fill|renew|versions|remove|release|lease|evicts \w+|flushes)( \d+)?$/.test(label)
        )
          return
        demand(await probe(), truth.invalidated)
      },
    }
  }
}

function demand(value: number, atLeast: number): void {
  if (value < atLeast) throw new RangeError(`a read got ${value}, but ${atLeast} was invalidated before it began`)
}

function castActors(race: Race, stage: Stage, store: CacheStore, truth: Truth): Record<string, () => Promise<void>> {
  // From here on no read may see less: the strictest moment, that at which the store carries the invalidation out.
  const carriedOut =
    <Args extends unknown[]>(run: (...args: Args) => Promise<void>) =>
    async (...args: Args) => {
      await run(...args)
      truth.invalidated = truth.database
    }
  const telling: CacheStore = { ...store, renew: carriedOut(store.renew), remove: carriedOut(store.remove) }

  function connect(actor: string, options: { process?: string; onRead?: () => void } = {}) {
    const { process, onRead } = options
    const shared = process === undefined ? {} : { process }
    const writes = process === undefined ? [] : [`process ${process}`]
    const read: CacheStore['read'] = (asked) => {
      onRead?.()
      return store.read(asked)
    }
    const cache = createCache({
      store: gateStore(stage, actor, { ...telling, read }, shared),
      namespace: NAMESPACE,
      clock: gateClock(stage, actor, { ...shared, wakes: everyKey, now: NOW + TTL_MS, stepMs: 0 }),
      deadline: '60s',
      random: () => 0.5,
    })
    const load = () => stage.step(`${actor} loads`, () => truth.database, { reads: ['database'], writes })
    const local = race.mode === 'local' ? { local: '1h' as const } : {}
    return { cache, value: cache.define({ ...common, ...toTags(race), ...local, load }), writes }
  }

  type Process = ReturnType<typeof connect>

  const writer =
    ({ cache, value, writes }: Process) =>
    async () => {
      const commit = () => {
        truth.database += 1
      }
      await stage.step('writer commits', commit, { writes: ['database', ...writes] })
      await (race.kind === 'key' ? value.delete() : cache.invalidate(['tag']))
    }

  const reader =
    (name: string, { value, writes }: Process, onStart = () => {}) =>
    async () => {
      const atLeast = await stage.step(`${name} starts`, () => truth.invalidated, { reads: everyKey, writes })
      onStart()
      demand((await value.get()).value, atLeast)
    }

  /** Alone in its process a reader may as well start where it first asks the store. */
  const loneReader =
    (name: string, onStart = () => {}) =>
    async () => {
      let atLeast: number | undefined
      const onRead = () => {
        atLeast ??= truth.invalidated
        onStart()
      }
      const { value } = connect(name, { onRead })
      const read = await value.get()
      demand(read.value, atLeast ?? 0)
    }

  // Bob starts after alice: the orders in which he is first are the same with their names exchanged.
  let aliceStarts = () => {}
  const aliceStarted = new Promise<void>((resolve) => {
    aliceStarts = resolve
  })

  switch (race.mode) {
    case 'miss':
    case 'refresh': {
      const alice = loneReader('alice', aliceStarts)
      const bob = loneReader('bob')
      return { alice, bob: () => aliceStarted.then(bob), writer: writer(connect('writer')) }
    }
    case 'one process': {
      const both = connect('readers', { process: 'one' })
      const alice = reader('alice', both, aliceStarts)
      const bob = reader('bob', both)
      return { alice, bob: () => aliceStarted.then(bob), writer: writer(connect('writer')) }
    }
    case 'local': {
      const both = connect('one', { process: 'one' })
      const first = reader('alice', both)
      const again = reader('alice', both)
      return { alice: () => first().then(again), writer: writer(both) }
    }
    default:
      return race.mode satisfies never
  }
}

function createAdversary({ losses }: Race, stage: Stage, store: CacheStore, flush: World['flush']) {
  return async () => {
    for (const loss of losses) {
      if (loss === 'everything') await stage.step('adversary flushes', () => flush(everyKey), { writes: everyKey })
      else await stage.step(`adversary evicts ${loss}`, () => store.remove([keys[loss]]), { writes: [keys[loss]] })
    }
  }
}

/** What a read that begins now would be answered from the store, or what it would load. Changes nothing. */
function createProbe(race: Race, store: CacheStore, load: () => number): () => Promise<number> {
  const lease = () => Promise.reject(new RangeError('Cannot lease: a probe only looks'))
  const clock = { now: () => NOW + TTL_MS, after: () => () => {} }
  const cache = createCache({
    store: { ...store, kind: 'probed', lease },
    namespace: NAMESPACE,
    clock,
    random: () => 0.5,
  })
  const value = cache.define({ ...common, ...toTags(race), load })
  return async () => (await value.get()).value
}

async function fillWithOldValue(race: Race, store: CacheStore): Promise<void> {
  const clock = { now: () => NOW, after: () => () => {} }
  const cache = createCache({ store: { ...store, kind: 'filled' }, namespace: NAMESPACE, clock, random: () => 0.5 })
  await cache.define({ ...common, ...toTags(race), load: () => 0 }).get()
}
