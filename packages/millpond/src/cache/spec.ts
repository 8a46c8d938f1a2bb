import { type Awaitable, whenReady } from '../awaitable.ts'
import { type InputIssue, InvalidValueError } from '../errors.ts'
import type { Lifetime } from './freshness.ts'
import type { Slot } from './slot.ts'
import type { ValueTags } from './value-tags.ts'

/** What a loader gets besides the input. */
export interface LoadContext {
  /** Aborts when the value is no longer wanted: the hard timeout has passed, or the cache was closed. */
  readonly signal: AbortSignal
}

/** A definition as the read path sees it: one input already bound. */
export interface Spec<Value> {
  readonly name: string
  readonly schemaVersion: string
  readonly lifetime: Lifetime
  /** How long a value may be served from this process's memory after it was observed; 0: not at all. */
  readonly localMs: number
  /** Whether every value is deeply frozen, so that readers of the local tier may share one. */
  readonly frozen: boolean
  /** With a spare value at hand, how long a reader waits for the load before it takes the spare; undefined: as long as it takes. */
  readonly softTimeoutMs: number | undefined
  /** After how long a load is given up and its signal aborted; undefined: never. */
  readonly hardTimeoutMs: number | undefined
  readonly slot: Slot
  /** The tags that only the value can name; undefined for a definition without. */
  readonly valueTags: ValueTags<Value> | undefined
  readonly load: (context: LoadContext) => Promise<Value>
  /** The body of a loaded value. @throws {InvalidValueError} when it has none */
  encode(value: Value): string
  /** The value of a body, or what is wrong with it where it no longer fits the definition. */
  readonly decode: (body: string) => Awaitable<Decoded<Value>>
}

/** A decoded body. */
export type Decoded<Value> =
  | { readonly value: Value; readonly issues: null }
  | { readonly issues: readonly InputIssue[] }

/**
 * The value of a body that was just loaded.
 *
 * @throws {InvalidValueError} when the definition's output schema rejects it
 */
export function decode<Value>(spec: Spec<Value>, body: string): Awaitable<{ readonly value: Value }> {
  return whenReady(spec.decode(body), (decoded) => {
    if (decoded.issues === null) return decoded
    const [first] = decoded.issues
    const rule = `what its output schema accepts, ${first?.path || 'value'}: ${first?.message}`
    throw new InvalidValueError(spec.name, rule, decoded)
  })
}
