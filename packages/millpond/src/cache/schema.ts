import { type Awaitable, whenReady } from '../awaitable.ts'
import { type InputIssue, InvalidInputError } from '../errors.ts'

/** The part of the Standard Schema interface (https://standardschema.dev) that the cache uses; Zod, Valibot and ArkType implement it. */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a caller passes to a schema. */
export type SchemaInput<S extends Schema> = NonNullable<S['~standard']['types']>['input']
/** What a schema makes of it. */
export type SchemaOutput<S extends Schema> = NonNullable<S['~standard']['types']>['output']

/** What a schema made of a value, or what it found wrong with it. */
type Checked<Output> = { readonly value: Output; readonly issues: null } | { readonly issues: readonly InputIssue[] }

/** Checks a value; without a schema every value passes as it is. A promise only where the schema gives one. */
export function check<Output>(schema: Schema<unknown, Output> | undefined, value: unknown): Awaitable<Checked<Output>> {
  if (schema === undefined) return { value: value as Output, issues: null }
  return whenReady(schema['~standard'].validate(value), toChecked)
}

function toChecked<Output>(result: SchemaResult<Output>): Checked<Output> {
  if (result.issues === undefined) return { value: result.value, issues: null }
  return { issues: result.issues.map((issue) => ({ path: toPath(issue.path), message: issue.message })) }
}

/**
 * Validates an input.
 *
 * @throws {InvalidInputError} with the issues, without the value
 */
export function readInput<Output>(
  definition: string,
  schema: Schema<unknown, Output> | undefined,
  value: unknown,
): Awaitable<Output> {
  return whenReady(check(schema, value), (checked) => {
    if (checked.issues === null) return checked.value
    throw new InvalidInputError(definition, checked.issues)
  })
}

function toPath(path: SchemaIssue['path']): string {
  return (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
}
