import { InvalidValueError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { LoadContext } from './spec.ts'

/** Loads the values of several inputs at once, in their order. */
export type LoadMany<Input, Value> = (inputs: readonly Input[], context: LoadContext) => Promise<readonly Value[]>

interface Waiting<Input, Value> {
  readonly input: Input
  readonly context: LoadContext
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
}

/**
 * Turns a loader of many into a loader of one that gathers the inputs of one turn of the event loop, at most `max`, and loads them with one call. A failure of the call is the failure of
 * each. Its signal is that of the input which came last: with equal timeouts no other aborts later.
 */
export function createBatch<Input, Value>(options: {
  readonly name: string
  readonly loadMany: LoadMany<Input, Value>
  readonly max: number
  readonly clock: Clock
}): (input: Input, context: LoadContext) => Promise<Value> {
  const { name, loadMany, max, clock } = options
  let gathered: Waiting<Input, Value>[] = []
  let dueAt = 0

  async function flush(): Promise<void> {
    const batch = gathered
    gathered = []
    const last = batch.at(-1)
    if (!last) return
    try {
      const values = await loadMany(
        batch.map(({ input }) => input),
        last.context,
      )
      if (!Array.isArray(values) || values.length !== batch.length) {
        throw new InvalidValueError(name, `one value for each of ${batch.length} inputs, received ${values?.length}`)
      }
      batch.forEach(({ resolve }, index) => {
        resolve(values[index])
      })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return (input, context) =>
    new Promise((resolve, reject) => {
      // Or when the turn is long over: on some platforms a request takes its timers with it when it ends.
      if (gathered.length === 0 || dueAt < clock.now()) {
        dueAt = clock.now()
        clock.after(0, () => void flush())
      }
      gathered.push({ input, context, resolve, reject })
      if (gathered.length >= max) void flush()
    })
}
