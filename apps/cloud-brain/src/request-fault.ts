import type { z } from 'zod'

/** A field of the request and what is wrong with it; never the value that was sent. */
export type FieldError = { field: string; detail: string }

const TITLES = {
  invalid_request: [400, 'The request is not valid'],
  unauthenticated: [401, 'A valid bearer token is required'],
  forbidden: [403, 'This is not allowed'],
  not_found: [404, 'There is nothing here'],
  method_not_allowed: [405, 'This method is not offered here'],
  conflict: [409, 'The request conflicts with an earlier one'],
  precondition_failed: [412, 'The precondition does not hold'],
  too_large: [413, 'The body is too large'],
  wrong_media_type: [415, 'The body has the wrong media type'],
  unavailable: [503, 'A part of the service does not answer'],
} as const

/** A request that is answered with a problem document. Everything in it is meant for the caller. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault'
  readonly code: keyof typeof TITLES
  readonly errors: readonly FieldError[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: keyof typeof TITLES,
    detail: string,
    extra: { errors?: readonly FieldError[]; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(detail, { cause: extra.cause })
    this.code = code
    this.errors = extra.errors ?? []
    this.headers = extra.headers ?? {}
  }

  get status(): (typeof TITLES)[keyof typeof TITLES][0] {
    return TITLES[this.code][0]
  }

  get title(): string {
    return TITLES[this.code][1]
  }
}

/** Makes the 400 for input that a schema rejects. `root` names the input as a whole. */
export function toInvalidRequest(error: z.ZodError, root: string): RequestFault {
  const errors = error.issues.flatMap((issue) => {
    const { path, message } = issue
    if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.') || root, detail: message }]
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      detail: 'is not known here, or not to be changed',
    }))
  })
  const fields = [...new Set(errors.map(({ field }) => field))]
  return new RequestFault('invalid_request', `Not valid: ${fields.join(', ')}`, { errors })
}
