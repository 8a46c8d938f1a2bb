import type { Awaitable } from '../awaitable.ts'

/**
 * What a step reads and writes, under names of your choice. Two steps that touch nothing in common (or only read it) may be exchanged without consequence, so only one of their two
 * orders is run. Name also what the code behind the step touches before it comes to its next step. Without it a step is taken to touch everything.
 */
export interface Touches {
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
}

/** Where the code under test stops until the scheduler lets it go on. Between two steps an actor may await nothing but what is ready at once. */
export interface Stage {
  /** Stops at `label`, then runs `run` and goes on with its result. A label used before in the same order gets a number: `read`, `read 2`. */
  step<Result>(label: string, run: () => Awaitable<Result>, touches?: Touches): Promise<Result>
  /**
   * A pause between two looks at something: stops until another step has written what it `reads`, or until nothing but pauses is left. So a loop that polls ends, and every moment at
   * which it could see a change is tried.
   */
  pause(label: string, touches: Touches): Promise<void>
}

/** A step that waits to be run. */
export interface PendingStep {
  readonly label: string
  readonly touches: Touches | undefined
  /** A pause that nothing has ended yet. */
  resting: boolean
  /** Runs the step and lets its actor go on. Never rejects: a failure is the actor's. */
  readonly run: () => Promise<void>
}

/** Creates a stage, with the steps that wait on it in the order in which they came. */
export function createStage(): { readonly stage: Stage; readonly pending: Map<string, PendingStep> } {
  const pending = new Map<string, PendingStep>()
  const used = new Map<string, number>()

  function add<Result>(
    label: string,
    run: () => Awaitable<Result>,
    touches: Touches | undefined,
    resting: boolean,
  ): Promise<Result> {
    const times = (used.get(label) ?? 0) + 1
    used.set(label, times)
    const name = times === 1 ? label : `${label} ${times}`
    return new Promise((resolve, reject) => {
      const runStep = async () => {
        try {
          resolve(await run())
        } catch (error) {
          reject(error)
        }
      }
      pending.set(name, { label: name, touches, resting, run: runStep })
    })
  }

  return {
    pending,
    stage: {
      step: (label, run, touches) => add(label, run, touches, false),
      pause: (label, touches) => add(label, () => {}, touches, true),
    },
  }
}

/** Whether the order of two steps can matter. */
export function isConflict(a: Touches | undefined, b: Touches | undefined): boolean {
  if (a === undefined || b === undefined) return true
  return meets(a.writes, b.writes) || meets(a.writes, b.reads) || meets(a.reads, b.writes)
}

function meets(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.some((name) => b.includes(name))
}
