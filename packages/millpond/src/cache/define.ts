import { type Awaitable, whenReady } from '../awaitable.ts'
import { InvalidValueError } from '../errors.ts'
import { type Keyring, readName } from '../key.ts'
import type { Clock } from '../time/clock.ts'
import { type Duration, toMilliseconds } from '../time/duration.ts'
import { createBatch, type LoadMany } from './batch.ts'
import type { CacheStore } from './cache-store.ts'
import { type Codec, encode, readCodec } from './codec.ts'
import { type Explanation, explain } from './explain.ts'
import { freeze, isPrimitive } from './freeze.ts'
import type { KeptEntry } from './local-tier.ts'
import type { CacheResult, Peek, Reader } from './read.ts'
import { createRecent } from './recent.ts'
import { check, readInput, type Schema, type SchemaInput, type SchemaOutput } from './schema.ts'
import { createSlots, type Slot } from './slot.ts'
import type { Decoded, LoadContext, Spec } from './spec.ts'
import type { Undelivered } from './undelivered.ts'
import { bindValueTags, type TagHints } from './value-tags.ts'

/** The longest TTL of an entry. */
export const LONGEST_TTL_MS = 30 * 86_400_000
/** A timer of more would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface CommonOptions<Value> {
  /** 1 to 64 letters, digits, `.`, `_`, `-`, the first a letter or a digit; unique in the cache; part of every key. */
  readonly name: string
  /** How long a value may be served, from 1 ms to 30 d. The stored TTL is up to 10 % shorter at random, so that entries do not expire together. */
  readonly ttl: Duration
  /** The TTL of a value that is null; default as `ttl`. */
  readonly nullTtl?: Duration | undefined
  /** After the TTL, how long the old value is still served at once while one process loads it anew in the background; default not at all. Never after an invalidation. */
  readonly staleFor?: Duration | undefined
  /** After the TTL, how long the old value is still served when loading anew fails, or takes longer than `softTimeout`; default not at all. Never after an invalidation. */
  readonly staleIfError?: Duration | undefined
  /**
   * How long a value may be served from this process's memory without asking the store, counted from when it was observed there: the bound by which a read may be stale after an
   * invalidation in another process (longer by as much as the machine's clock is set back meanwhile). One in this process takes effect at once. Default not at all. An input that is a string, a number or nothing is validated once in that time.
   *
   * With `frozen` every value of this definition is deeply frozen, so that all readers can be given the same one: a hit in memory then costs no decoding. Values that hold a Date, bytes
   * or an instance of a class cannot be frozen and are decoded for each reader, as all values are without it.
   */
  readonly local?: Duration | { readonly for: Duration; readonly frozen?: boolean } | undefined
  /** How long a read waits for a load before it takes a value that `staleIfError` allows; default as long as it takes, at most 24 days. The load goes on. */
  readonly softTimeout?: Duration | undefined
  /** After how long a load is given up with LoadTimeoutError and its signal aborted, at most 24 days; default never. */
  readonly hardTimeout?: Duration | undefined
  /** Checked when a value is loaded and when it is read: an entry that no longer matches is a miss. */
  readonly output?: Schema<unknown, Value> | undefined
  /** How values become text and back; default JSON, in which a Date becomes a string, and bytes, a bigint, and what JSON would empty, such as a Map or a Response, are an error at any depth. See `millpond/codec`. */
  readonly codec?: Codec<Value> | undefined
  /** Version of the value's shape, named as `name` is, default `'1'`: an entry of another version is a miss. */
  readonly version?: string | undefined
}

/** What `load` and its like are given: what the schema makes of an input, or nothing where there is no schema. */
export type InputOf<S extends Schema | undefined> = S extends Schema ? SchemaOutput<S> : undefined
/** What the methods of a definition take: what the schema takes, or nothing. */
export type ArgsOf<S extends Schema | undefined> = S extends Schema ? [input: SchemaInput<S>] : []

/** A definition whose values are loaded one at a time. */
export interface DefineOptions<Value, S extends Schema | undefined = undefined, Input = InputOf<S>>
  extends CommonOptions<Value> {
  /** Any Standard Schema. The whole validated input makes the key. Without it there is one entry. */
  readonly input?: S
  /** The tags that invalidate the entry, from the validated input alone. */
  readonly tags?: ((input: Input) => readonly string[]) | undefined
  /** Loads the value on a miss: a JSON value, not `undefined`. An error reaches the caller as it is and is never cached. */
  readonly load: (input: Input, context: LoadContext) => Promise<Value> | Value
  /**
   * The tags that only the value can name, from the value as `get` gives it. Written after `load`, whose result is its type. Costs a miss 1 round trip more where the value names a tag
   * that it did not name before, and a hit a second command where this process has not seen the entry yet.
   */
  readonly valueTags?: ((value: NoInfer<Value>, input: Input) => readonly string[]) | undefined
}

/** A definition whose values are loaded several at a time. */
export interface DefineManyOptions<Value, S extends Schema>
  extends Omit<DefineOptions<Value, S, SchemaOutput<S>>, 'input' | 'load'> {
  readonly input: S
  readonly load?: undefined
  /** Loads the values of the inputs that one turn of the event loop misses, in their order, at most 100 at a time. */
  readonly loadMany: LoadMany<SchemaOutput<S>, Value>
}

/** A cached function. */
export interface Definition<Args extends readonly unknown[], Value> {
  readonly name: string
  /**
   * The value, from the cache or loaded. A hit costs 1 round trip, a miss 3, none when this process is loading it anyway.
   *
   * @throws {InvalidInputError} when the input does not match its schema; whatever the loader throws; never for the store's sake
   */
  get(...args: Args): Promise<CacheResult<Value>>
  /**
   * Removes the entry; a load that is under way will not be stored. 1 round trip. Undelivered, it is retried and this process does without the entry meanwhile.
   */
  delete(...args: Args): Promise<{ readonly delivered: boolean }>
  /** Reads several inputs together, in their order. Their reads are one round trip on one Redis, and what is missing is loaded by one `loadMany` where the definition has it. */
  getMany(inputs: readonly Args[0][]): Promise<CacheResult<Value>[]>
  /**
   * Looks without loading, beside a check that may forbid the load: `const [decision, peek] = await Promise.all([limiter.take(…), stats.peek(input)])`, then `peek.get()` if it is
   * allowed. At most 1 round trip, the same one as that of the check where both are asked in one tick; `peek.get()` after a hit costs none, after a miss the lease and the fill.
   *
   * @throws {InvalidInputError} when the input does not match its schema; never for the store's sake
   */
  peek(...args: Args): Promise<Peek<Value>>
  /** Says how a read of the input would be answered now, and why. 1 round trip. Rejects when the store does not answer. */
  explain(...args: Args): Promise<Explanation>
}

/** What a definition needs of its cache. */
export interface DefineSettings {
  readonly keyring: Keyring
  readonly hints: TagHints
  readonly reader: Reader
  readonly remove: (slot: Slot) => Promise<{ readonly delivered: boolean }>
  readonly store: CacheStore
  readonly clock: Clock
  readonly undelivered: Undelivered
  readonly disabled: boolean
}

/** Options as `createDefinition` takes them: the input's type is known to the caller only. */
export interface AnyDefineOptions<Value> extends CommonOptions<Value> {
  readonly input?: Schema | undefined
  readonly tags?: ((input: never) => readonly string[]) | undefined
  readonly valueTags?: ((value: never, input: never) => readonly string[]) | undefined
  readonly load?: ((input: never, context: LoadContext) => Promise<Value> | Value) | undefined
  readonly loadMany?: LoadMany<never, Value> | undefined
}

/** What checking the options of a definition gives. */
export type CheckedOptions = Pick<
  Spec<unknown>,
  'name' | 'schemaVersion' | 'lifetime' | 'localMs' | 'frozen' | 'softTimeoutMs' | 'hardTimeoutMs'
>

/**
 * Checks the options of a definition.
 *
 * @throws {RangeError | TypeError} naming the option, its rule and the value
 */
export function readDefineOptions(options: AnyDefineOptions<unknown>): CheckedOptions {
  const name = readName('Cannot define a cache entry', 'name', options?.name)
  const action = `Cannot define "${name}"`
  const { local } = options
  const { for: localFor = local }: { readonly for?: unknown } = Object(local)
  const given = { ...options, local: localFor as Duration | undefined }
  const optional = (
    field: 'nullTtl' | 'staleFor' | 'staleIfError' | 'local' | 'softTimeout' | 'hardTimeout',
    maxMs = LONGEST_TTL_MS,
  ) => {
    const value = given[field]
    return value === undefined ? undefined : toMilliseconds(value, { action, name: field, maxMs })
  }
  const ttlMs = toMilliseconds(options.ttl, { action, name: 'ttl', maxMs: LONGEST_TTL_MS })
  const lifetime = {
    ttlMs,
    nullTtlMs: optional('nullTtl') ?? ttlMs,
    staleForMs: optional('staleFor') ?? 0,
    staleIfErrorMs: optional('staleIfError') ?? 0,
  }
  const localMs = optional('local') ?? 0
  const timeouts = {
    softTimeoutMs: optional('softTimeout', LONGEST_TIMER_MS),
    hardTimeoutMs: optional('hardTimeout', LONGEST_TIMER_MS),
  }
  const version = readName(action, 'version', options.version ?? '1')
  // No version or name has a plus sign, so that nothing else reads as this.
  const schemaVersion = options.codec ? `${version}+${readCodec(action, options.codec).name}` : version
  if (typeof (options.load ?? options.loadMany) !== 'function') {
    throw new TypeError(`${action}: "load" must be a function, received ${typeof options.load}`)
  }
  for (const field of ['tags', 'valueTags'] as const) {
    const given = options[field]
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`${action}: "${field}" must be a function, received ${typeof given}`)
  }
  for (const field of ['input', 'output'] as const) {
    const given = options[field]
    if (given !== undefined && typeof given?.['~standard']?.validate !== 'function')
      throw new TypeError(`${action}: "${field}" must be a Standard Schema, received ${typeof given}`)
  }
  const frozen = typeof local === 'object' && local.frozen === true
  return { name, lifetime, localMs, frozen, ...timeouts, schemaVersion }
}

/** Binds checked options to a cache. */
export function createDefinition<Value>(
  options: AnyDefineOptions<Value>,
  checked: CheckedOptions,
  settings: DefineSettings,
): Definition<readonly unknown[], Value> {
  const { name } = checked
  const { keyring, reader, remove, undelivered, disabled } = settings
  const { codec } = options
  const tagsOf = (options.tags ?? (() => [])) as (input: unknown) => readonly string[]
  const toSlot = createSlots(keyring, name, tagsOf)
  const valueTagsOf = options.valueTags as ((value: Value, input: unknown) => readonly string[]) | undefined
  /** What the local tier keeps, by inputs that need no canonical text. */
  const recentlyKept = checked.localMs > 0 ? createRecent<unknown, KeptEntry>(REMEMBERED_INPUTS) : undefined
  const load = toLoad(options, name, settings.clock)

  function decode(body: string): Awaitable<Decoded<Value>> {
    // It throws for a text that is none: a look at the store takes that for a miss.
    const checkedValue = check(options.output, codec ? codec.decode(body) : JSON.parse(body))
    return checked.frozen ? whenReady(checkedValue, frozen) : checkedValue
  }

  function toBody(value: Value): string {
    return encode(value, codec, (rule, cause) => new InvalidValueError(name, rule, { cause }))
  }

  function bindTo(input: unknown): Awaitable<Spec<Value>> {
    return whenReady(toSlot(input), (slot) => ({
      name,
      schemaVersion: checked.schemaVersion,
      lifetime: checked.lifetime,
      localMs: checked.localMs,
      frozen: checked.frozen,
      softTimeoutMs: checked.softTimeoutMs,
      hardTimeoutMs: checked.hardTimeoutMs,
      slot,
      valueTags: valueTagsOf && bindValueTags(settings, slot, name, (value: Value) => valueTagsOf(value, input)),
      encode: toBody,
      decode,
      load: async (context) => load(input, context),
    }))
  }

  function readValue(value: unknown): Awaitable<unknown> {
    return options.input ? readInput(name, options.input, value) : undefined
  }

  // Not async, and short: each promise and call less is noticed in a hit.
  function get(value?: unknown): Promise<CacheResult<Value>> {
    const kept = recentlyKept?.get(value)
    return (kept && reader.serve<Value>(name, kept)) ?? readThrough(value)
  }

  /** What a bad input throws reaches the caller as a rejection. */
  function readThrough(value: unknown): Promise<CacheResult<Value>> {
    try {
      const spec = whenReady(readValue(value), bindTo)
      if (spec instanceof Promise) return spec.then(reader.read<Value>)
      if (recentlyKept && isPrimitive(value)) remember(value, spec.slot)
      return reader.read(spec)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function remember(value: unknown, slot: Slot): void {
    const kept = reader.findKept(slot)
    // 0 and -0 are one key of a Map, and two inputs.
    if (kept?.isShared && value !== 0) recentlyKept?.set(value, kept)
  }

  return {
    name,
    get,
    getMany: (values) => Promise.all(values.map(get)),
    peek: async (value) => reader.peek(await whenReady(readValue(value), bindTo)),
    async delete(value) {
      const { slot } = await whenReady(readValue(value), bindTo)
      return remove(slot)
    },
    async explain(value) {
      const input = await readValue(value)
      const spec = await bindTo(input)
      const tagNames = [...new Set(tagsOf(input))].sort()
      return explain(settings, spec, tagNames, disabled || undelivered.covers(spec.slot))
    },
  }
}

const INPUTS_PER_LOAD = 100
/** How many inputs a definition with a local tier remembers at least, at most twice as many. */
const REMEMBERED_INPUTS = 2_048

function frozen<Value>(decoded: Decoded<Value>): Decoded<Value> {
  if (decoded.issues === null) freeze(decoded.value)
  return decoded
}

function toLoad<Value>(
  options: AnyDefineOptions<Value>,
  name: string,
  clock: Clock,
): (input: unknown, context: LoadContext) => Promise<Value> | Value {
  if (options.load) return options.load as (input: unknown, context: LoadContext) => Promise<Value> | Value
  const loadMany = options.loadMany as LoadMany<unknown, Value>
  return createBatch({ name, loadMany, max: INPUTS_PER_LOAD, clock })
}
