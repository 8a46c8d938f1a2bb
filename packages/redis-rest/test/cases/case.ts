import type { RequestOptions } from '../request.ts'

/** One request and the answer it must get. */
export interface Case extends RequestOptions {
  readonly name: string
  /** Commands that run first. */
  readonly given?: readonly (readonly (string | number)[])[]
  readonly path?: string
  /** Shorthand for a JSON body. */
  readonly json?: unknown
  readonly status?: number
  readonly answer: string
  /** The version of Redis that brought what is asked for. */
  readonly since?: readonly [major: number, minor: number]
}
