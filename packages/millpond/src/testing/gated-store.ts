import type { CacheStore } from '../cache/cache-store.ts'
import type { Clock } from '../time/clock.ts'
import type { Stage, Touches } from './stage.ts'

export interface GateOptions {
  /**
   * Name of the process whose cache uses the store, when more than one actor uses that cache, or when it has a local tier. The reply to each call is then a step of its own, since it may
   * be overtaken by what else the process does. Absent: one actor alone uses the cache, and a call and its reply are one step.
   */
  readonly process?: string
}

/**
 * The store with every call a step of `actor`: `alice read`, `alice lease`, `alice fill` … Made for one cache; its steps touch the keys that the call names.
 */
export function gateStore(
  stage: Stage,
  actor: string,
  store: CacheStore,
  options: GateOptions = {},
): CacheStore & { readonly kind: string } {
  const inProcess = options.process === undefined ? [] : [`process ${options.process}`]

  async function gate<Result>(method: string, touches: Touches, run: () => Promise<Result>): Promise<Result> {
    const label = `${actor} ${method}`
    if (inProcess.length === 0) return stage.step(label, run, touches)
    const result = await stage.step(label, () => run().then(toValue, toError), touches)
    return stage.step(`${label} answered`, () => open(result), { writes: inProcess })
  }

  return {
    kind: 'gated',
    read: (keys) => gate('read', { reads: keys }, () => store.read(keys)),
    lease: (request) => {
      const { entry, lease, tags } = request
      return gate('lease', { reads: [entry], writes: [lease, ...tags] }, () => store.lease(request))
    },
    fill: (request) => gate('fill', { writes: [request.entry, request.lease] }, () => store.fill(request)),
    release: (lease, token) => gate('release', { writes: [lease] }, () => store.release(lease, token)),
    versions: (tags, nonce, ttlMs) => gate('versions', { writes: tags }, () => store.versions(tags, nonce, ttlMs)),
    renew: (tags, nonce, ttlMs) => gate('renew', { writes: tags }, () => store.renew(tags, nonce, ttlMs)),
    remove: (keys) => gate('remove', { writes: keys }, () => store.remove(keys)),
  }
}

type Settled<Result> = { readonly value: Result } | { readonly error: unknown }
const toValue = <Result>(value: Result): Settled<Result> => ({ value })
const toError = (error: unknown): Settled<never> => ({ error })

function open<Result>(settled: Settled<Result>): Result {
  if ('error' in settled) throw settled.error
  return settled.value
}

/**
 * A clock of `actor` for which time passes only by looking at it, `stepMs` at a look, and whose timers of at most a second (back-off) are pauses: they end when a step has written
 * one of `wakes` (the keys that the actor polls), or when nothing else is left. Longer timers (deadlines) never fire.
 */
export function gateClock(
  stage: Stage,
  actor: string,
  options: GateOptions & { readonly wakes: readonly string[]; readonly now?: number; readonly stepMs?: number },
): Clock {
  const { wakes, stepMs = 1, process } = options
  const touches = { reads: wakes, writes: process === undefined ? [] : [`process ${process}`] }
  let now = options.now ?? Date.UTC(2026, 0, 1)
  return {
    now() {
      now += stepMs
      return now
    },
    after(ms, fire) {
      let cancelled = false
      if (ms <= 1_000) {
        void stage.pause(`${actor} pauses`, touches).then(() => {
          if (!cancelled) fire()
        })
      }
      return () => {
        cancelled = true
      }
    },
  }
}
