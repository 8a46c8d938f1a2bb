import type { Awaitable } from '../awaitable.ts'
import { createStage, isConflict, type PendingStep, type Stage } from './stage.ts'

/** One world, made anew for each order. */
export interface Scene {
  /** What goes on at the same time, by name: async functions whose steps are put into order. */
  readonly actors: Readonly<Record<string, () => Promise<void>>>
  /** Called after every step, with its label: throw when what must always hold does not. Must not change the world. */
  readonly afterStep?: (label: string) => Awaitable<void>
  /** Called when all is done: throw when the outcome is wrong. */
  readonly atEnd?: () => Awaitable<void>
  /** Called last, also after a failure. */
  readonly close?: () => Awaitable<void>
}

/** Makes the world of one order. `lane` tells orders that run at the same time apart: from 0 to below `lanes`. */
export type Scenario = (stage: Stage, lane: number) => Awaitable<Scene>

/** An order failed. `trace` are the steps up to the failure: pass it to `replayOrder` to run that order alone. */
export class OrderError extends Error {
  readonly code = 'ERR_ORDER'
  override readonly name = 'OrderError'
  readonly trace: readonly string[]

  constructor(problem: string, trace: readonly string[], cause?: unknown) {
    super(
      `Cannot run this order: ${problem}\n${trace.map((label) => `  ${JSON.stringify(label)},`).join('\n')}`,
      cause === undefined ? {} : { cause },
    )
    this.trace = trace
  }
}

/** The beginning of orders still to run, and the steps that may not come next: what would follow them has been run already. */
export interface Branch {
  readonly trace: readonly string[]
  readonly asleep: readonly NamedStep[]
}

/** A step of any order: what is left of it when its world is gone. */
export type NamedStep = Pick<PendingStep, 'label' | 'touches'>

export interface RunSettings {
  readonly lane: number
  readonly maxSteps: number
  /** Lets what is ready at once run, up to the next steps. */
  readonly settle: () => Promise<void>
  /** Takes the other ways to go on from where this order chose one. Absent: only one order is run. */
  readonly fork: ((branch: Branch) => void) | undefined
}

/** How an order ended: at its end, or where each way to go on is an exchange of one already run. */
export interface Outcome {
  readonly ended: boolean
  readonly trace: readonly string[]
}

/** Runs one order: the branch's steps, then always the first that may come. */
export async function runOrder(scenario: Scenario, branch: Branch, settings: RunSettings): Promise<Outcome> {
  const { stage, pending } = createStage()
  const trace: string[] = []
  const fail = (problem: string, cause?: unknown) => new OrderError(problem, trace, cause)
  const scene = await scenario(stage, settings.lane)
  const actors = startActors(scene)
  let { asleep } = branch
  try {
    for (;;) {
      await settings.settle()
      const { failure } = actors
      if (failure) throw fail(`${failure.actor} failed: ${toText(failure.error)}`, failure.error)
      const last = trace.at(-1)
      if (last !== undefined) await scene.afterStep?.(last)
      const ready = findReady(pending)
      if (ready.length === 0) break
      if (trace.length >= settings.maxSteps) throw fail(`it must end within ${settings.maxSteps} steps`)
      const wanted = branch.trace[trace.length]
      const awake =
        wanted === undefined ? ready.filter(({ label }) => !asleep.some((step) => step.label === label)) : ready
      const next = wanted === undefined ? awake[0] : ready.find(({ label }) => label === wanted)
      if (next === undefined) {
        if (wanted === undefined) return { ended: false, trace }
        throw fail(`"${wanted}" must come next, but only ${ready.map(({ label }) => `"${label}"`).join(', ')} may`)
      }
      if (wanted === undefined) {
        awake.slice(1).forEach((step, index) => {
          const others = [...asleep, ...awake.slice(0, index + 1)]
          settings.fork?.({
            trace: [...trace, step.label],
            asleep: others.filter((other) => isApart(other, step)).map(toNamed),
          })
        })
        asleep = asleep.filter((other) => isApart(other, next))
      }
      trace.push(next.label)
      await take(next, pending)
    }
    if (actors.open.size > 0) throw fail(`${[...actors.open].join(', ')} must wait for nothing but steps`)
    await scene.atEnd?.()
    return { ended: true, trace }
  } catch (error) {
    throw error instanceof OrderError ? error : fail(toText(error), error)
  } finally {
    await scene.close?.()
  }
}

function startActors(scene: Scene): {
  readonly open: Set<string>
  failure: { readonly actor: string; readonly error: unknown } | undefined
} {
  const state: ReturnType<typeof startActors> = { open: new Set(), failure: undefined }
  for (const [actor, run] of Object.entries(scene.actors)) {
    state.open.add(actor)
    // One that is not async may throw at once: a failure like any other.
    const going = (async () => run())()
    going.then(
      () => state.open.delete(actor),
      (error: unknown) => {
        state.failure ??= { actor, error }
      },
    )
  }
  return state
}

/** What may come next. When only pauses are left, all of them end. */
function findReady(pending: ReadonlyMap<string, PendingStep>): PendingStep[] {
  const steps = [...pending.values()]
  const ready = steps.filter(({ resting }) => !resting)
  if (ready.length > 0) return ready
  for (const step of steps) step.resting = false
  return steps
}

async function take(step: PendingStep, pending: Map<string, PendingStep>): Promise<void> {
  pending.delete(step.label)
  const written = { writes: step.touches?.writes ?? [] }
  for (const other of pending.values()) {
    if (step.touches === undefined || isConflict(written, { reads: other.touches?.reads ?? [] })) other.resting = false
  }
  await step.run()
}

function toNamed({ label, touches }: NamedStep): NamedStep {
  return { label, touches }
}

function isApart(a: NamedStep, b: NamedStep): boolean {
  return !isConflict(a.touches, b.touches)
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
