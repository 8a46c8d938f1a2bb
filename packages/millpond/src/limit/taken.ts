import type { Decision } from './decision.ts'
import type { LimitMark } from './limit-store.ts'
import type { PolicyCheck } from './read-takes.ts'
import type { Verdict } from './verdict.ts'

/** What an allowed take took. */
interface Taken {
  readonly checks: readonly PolicyCheck<string>[]
  readonly verdicts: readonly Verdict[]
}

class Same {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: a subclass puts its private field on what is returned here
    return object
  }
}

/** Puts a private field on a decision: neither logging nor copying shows it. A WeakMap would do as well, and cost the garbage collector as much as all the rest of a take. */
class Marked extends Same {
  #taken: Taken | undefined

  constructor(decision: object, taken: Taken) {
    super(decision)
    this.#taken = taken
  }

  static claim(decision: object): Taken | undefined {
    if (!(#taken in decision)) return undefined
    const taken = decision.#taken
    decision.#taken = undefined
    return taken
  }
}

/** Remembers with a decision what its take took. */
export function markTaken(decision: Decision, taken: Taken): void {
  new Marked(decision, taken)
}

/** The marks of what a decision took, once. */
export function claimTaken(decision: Decision): readonly (PolicyCheck<string> & LimitMark)[] {
  const taken = Marked.claim(decision)
  if (!taken) return []
  return taken.checks.flatMap((check, index) => {
    const mark = taken.verdicts[index]?.mark
    return mark === undefined ? [] : [{ ...check, mark }]
  })
}
