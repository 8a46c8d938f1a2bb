import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../src/time/clock.ts'

/** A request of a runtime like workerd: when it ends or its client hangs up, its timers and its I/O are never heard of again. */
interface MortalRequest {
  /** After how many more of its timers and answers it dies. */
  left: number
}

const current = new AsyncLocalStorage<MortalRequest>()

/** Whether what comes now still reaches the request that waits for it, which may be its last. */
function isHeard(request: MortalRequest | undefined): boolean {
  if (!request) return true
  request.left -= 1
  return request.left >= 0
}

/** Runs `work` as a request that hears of `steps` timers and answers and then dies: what it is waiting for then never settles. */
export function runMortal<T>(steps: number, work: () => T): T {
  return current.run({ left: steps }, work)
}

/** I/O of the request that began it: settles only as long as that lives. */
export function toMortal<T>(work: Promise<T>): Promise<T> {
  const request = current.getStore()
  return new Promise((resolve, reject) => {
    work.then(
      (value) => isHeard(request) && resolve(value),
      (error: unknown) => isHeard(request) && reject(error),
    )
  })
}

/** A clock whose timers belong to the request that set them. */
export function toMortalClock<C extends Clock>(clock: C): C {
  return {
    ...clock,
    after(ms, fire, options) {
      const request = current.getStore()
      return clock.after(ms, () => isHeard(request) && fire(), options)
    },
  }
}

/** A store whose answers belong to the request that asked. */
export function toMortalStore<S extends object>(store: S): S {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || name === 'atTickEnd') return member
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, args)
        return answer instanceof Promise ? toMortal(answer) : answer
      }
    },
  })
}
